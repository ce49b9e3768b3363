"""Tasks that a request starts and awaits."""

from __future__ import annotations

import asyncio
import time

from fastapi import APIRouter

from benchmarks.watch.sizes import SLEEP

__all__ = ["router"]

router = APIRouter(prefix="/tasks")


async def fetch(number: int) -> int:
    """Block in one of three that are gathered."""
    await asyncio.sleep(0.01)
    if number == 1:
        time.sleep(SLEEP)  # guilty: gather
    return number


async def store() -> None:
    """Block in a task of a group."""
    time.sleep(SLEEP)  # guilty: task-group


async def compute() -> None:
    """Block in a task that the endpoint awaits later."""
    time.sleep(SLEEP)  # guilty: create-task


@router.get("/gather")
async def gathered() -> list[int]:
    """Gather three."""
    return await asyncio.gather(*(fetch(number) for number in range(3)))


@router.get("/group")
async def grouped() -> dict[str, bool]:
    """Run two in a group."""
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(0.01))
        group.create_task(store())
    return {"done": True}


@router.get("/created")
async def created() -> dict[str, bool]:
    """Create one, and wait for it."""
    task = asyncio.create_task(compute(), name="compute")
    await task
    return {"done": True}
