"""The two classic mistakes, each beside what is right. /bad and /wrong are here to be caught: do not copy them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

__all__ = ["router"]

router = APIRouter(tags=["mistakes"])

WAITS_FOR = 0.5  # seconds


class Slept(BaseModel):
    """What comes after the wait."""

    message: str


async def load() -> dict[str, int]:
    """Stand for something that must be awaited."""
    await asyncio.sleep(0)
    return {"answer": 42}


@router.get("/bad", summary="MISTAKE: blocks the event loop")
async def bad() -> Slept:
    """A blocking call in ``async def``: while it lasts, no other request is answered."""
    time.sleep(WAITS_FOR)  # noqa: ASYNC251 - the mistake
    return Slept(message="every other request waited for this one")


@router.get("/good")
async def good() -> Slept:
    """The same wait, awaited: others are answered meanwhile."""
    await asyncio.sleep(WAITS_FOR)
    return Slept(message="nobody waited for this one")


@router.get("/wrong", summary="MISTAKE: forgets to await", responses={500: {"description": "Always"}})
async def wrong() -> Any:
    """A coroutine that is returned and never awaited: FastAPI can't make an answer of it."""
    return load()


@router.get("/correct")
async def correct() -> dict[str, int]:
    """The same call, awaited."""
    return await load()
