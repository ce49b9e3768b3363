"""Work after the answer."""

from __future__ import annotations

import asyncio
import time

from fastapi import APIRouter, BackgroundTasks

from benchmarks.watch.sizes import SLEEP

__all__ = ["router"]

router = APIRouter(prefix="/background")
_later: set[asyncio.Task[None]] = set()


async def send_mail(to: str) -> None:
    """Block in a background task."""
    await asyncio.sleep(0)
    time.sleep(SLEEP)  # guilty: background-task


async def refresh() -> None:
    """Block in a task that outlives the request."""
    await asyncio.sleep(0.05)
    time.sleep(SLEEP)  # guilty: task-after-answer


@router.post("/mail", status_code=202)
async def mail(tasks: BackgroundTasks) -> dict[str, bool]:
    """Answer at once."""
    tasks.add_task(send_mail, "you")
    return {"accepted": True}


@router.post("/refresh", status_code=202)
async def start_refresh() -> dict[str, bool]:
    """Answer at once."""
    task = asyncio.create_task(refresh())
    _later.add(task)
    task.add_done_callback(_later.discard)
    return {"accepted": True}
