"""Callbacks: many short ones, and long ones that no task runs."""

from __future__ import annotations

import asyncio
import time

from fastapi import APIRouter

from benchmarks.watch.material import spin
from benchmarks.watch.sizes import SLEEP
from benchmarks.watch.supplies import Need

__all__ = ["router"]

router = APIRouter(prefix="/callbacks")
SHORT = 50e-6  # seconds
TASKS = 120


def short() -> None:
    """Take little, but thousands of times."""
    end = time.perf_counter() + SHORT
    while time.perf_counter() < end:  # guilty: callback-flood
        pass  # guilty: callback-flood


def late() -> None:
    """Block in a timer's callback."""
    time.sleep(SLEEP)  # guilty: timer


async def part(turns: int) -> None:
    """Do one of many small parts."""
    await asyncio.sleep(0)
    spin(turns)


@router.get("/flood")
async def flood() -> dict[str, bool]:
    """Schedule thousands of callbacks of 50 µs, of which no single one is to blame."""
    loop = asyncio.get_running_loop()
    for _ in range(int(SLEEP / SHORT)):
        loop.call_soon(short)
    await asyncio.sleep(0)
    return {"done": True}


@router.get("/timer")
async def timer() -> dict[str, bool]:
    """Set a timer, and answer when it has run."""
    asyncio.get_running_loop().call_later(0.01, late)
    await asyncio.sleep(0.02)
    return {"done": True}


@router.get("/tasks")
async def many_tasks(need: Need) -> dict[str, bool]:
    """Start more tasks at once than the loop can bear, each of which is short."""
    await asyncio.gather(*(part(need.sizes.turns // TASKS) for _ in range(TASKS)))
    return {"done": True}
