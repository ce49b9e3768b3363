"""Computing in C: some of it lets other threads run meanwhile, most doesn't."""

from __future__ import annotations

import hashlib
import json
import math
import re
import zlib

from fastapi import APIRouter

from benchmarks.watch.material import BACKTRACKS
from benchmarks.watch.supplies import Need

__all__ = ["router"]

router = APIRouter(prefix="/native")


@router.post("/password")
async def hash_password(need: Need) -> dict[str, str]:
    """Hash as one should; lets other threads run."""
    hashed = hashlib.pbkdf2_hmac("sha256", b"secret", b"salt", need.sizes.rounds)  # guilty: pbkdf2
    return {"hash": hashed.hex()}


@router.get("/archive")
async def compress(need: Need) -> dict[str, int]:
    """Compress; lets other threads run."""
    return {"bytes": len(zlib.compress(need.text, 9))}  # guilty: zlib


@router.get("/regex")
async def match(need: Need) -> dict[str, bool]:
    """Backtrack."""
    return {"found": bool(re.match(BACKTRACKS, "a" * need.sizes.letters + "b"))}  # guilty: regex


@router.get("/json")
async def write_json(need: Need) -> dict[str, int]:
    """Write JSON."""
    return {"characters": len(json.dumps(need.documents[: need.sizes.documents]))}  # guilty: json


@router.get("/sort")
async def sort(need: Need) -> dict[str, float]:
    """Sort."""
    return {"least": sorted(need.numbers)[0]}  # guilty: sort


@router.get("/sum")
async def add(need: Need) -> dict[str, int]:
    """Add up."""
    return {"sum": sum(range(need.sizes.summed))}  # guilty: sum


@router.get("/factorial")
async def multiply(need: Need) -> dict[str, int]:
    """Multiply large numbers."""
    return {"bits": math.factorial(need.sizes.factorial).bit_length()}  # guilty: factorial
