"""Endpoints with innocent work before, beside and after them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends

__all__ = ["router"]

router = APIRouter(prefix="/around")
WAIT = 0.2  # seconds


def slow_setting() -> str:
    """Block in a ``def`` dependency, which runs in a thread."""
    time.sleep(WAIT)
    return "dark"


async def session() -> AsyncIterator[str]:
    """Wait before and after."""
    await asyncio.sleep(WAIT / 4)
    yield "session"
    await asyncio.sleep(WAIT / 4)


def write_log() -> None:
    """Block in a ``def`` background task, which runs in a thread."""
    time.sleep(WAIT)


async def send() -> None:
    """Wait in an ``async def`` background task."""
    await asyncio.sleep(WAIT)


@router.get("/def-dependency")
async def with_setting(setting: Annotated[str, Depends(slow_setting)]) -> dict[str, str]:
    """Answer when it is there."""
    return {"setting": setting}


@router.get("/yield-dependency")
async def with_session(found: Annotated[str, Depends(session)]) -> dict[str, str]:
    """Answer at once."""
    return {"session": found}


@router.post("/background")
async def with_background(tasks: BackgroundTasks) -> dict[str, bool]:
    """Answer, then work in a thread."""
    tasks.add_task(write_log)
    return {"accepted": True}


@router.post("/async-background")
async def with_async_background(tasks: BackgroundTasks) -> dict[str, bool]:
    """Answer, then wait."""
    tasks.add_task(send)
    return {"accepted": True}


@router.get("/task")
async def with_task() -> dict[str, bool]:
    """Start a task, do something else, and await it."""
    task = asyncio.create_task(send())
    await asyncio.sleep(WAIT / 4)
    await task
    return {"done": True}
