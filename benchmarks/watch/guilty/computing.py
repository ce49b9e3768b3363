"""Computing in Python."""

from __future__ import annotations

from copy import deepcopy

from fastapi import APIRouter

from benchmarks.watch.material import spin
from benchmarks.watch.supplies import Need

__all__ = ["router"]

router = APIRouter(prefix="/computing")


@router.get("/loop")
async def python_loop(need: Need) -> dict[str, int]:
    """Loop."""
    return {"total": spin(need.sizes.turns)}


@router.get("/deepcopy")
async def copy_deeply(need: Need) -> dict[str, int]:
    """Let the standard library loop, in Python."""
    return {"copied": len(deepcopy(need.documents[: need.sizes.copies]))}  # guilty: deepcopy
