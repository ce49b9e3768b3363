"""What the interpreter does on one's behalf."""

from __future__ import annotations

import gc

from fastapi import APIRouter

from benchmarks.watch.supplies import Need

__all__ = ["router"]

router = APIRouter(prefix="/interpreter")


@router.get("/import")
async def first_import() -> dict[str, int]:
    """Import a heavy module on its first use."""
    from benchmarks.watch.guilty import heavy_module  # guilty: first-import

    return {"table": heavy_module.TABLE}


@router.get("/collect")
async def collect(need: Need) -> dict[str, int]:
    """Let the collector visit all that lives."""
    gc.unfreeze()
    try:
        found = gc.collect()  # guilty: collection
    finally:
        gc.freeze()
    return {"found": found}
