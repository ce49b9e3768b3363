"""Calls that nobody awaits. The marker is where the call is made; else the line of the ``async def`` is right too."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Depends

__all__ = ["router"]

router = APIRouter(prefix="/forgotten")


async def find_user() -> dict[str, int]:  # guilty: returned
    """Be returned by an endpoint."""
    return {"number": 1}


async def find_address() -> dict[str, str]:  # guilty: nested
    """Be somewhere in an answer."""
    return {"town": "Basel"}


async def audit() -> None:  # guilty: dropped
    """Be called as a statement."""


async def current_user() -> dict[str, int]:  # guilty: injected
    """Be injected without having run."""
    return {"number": 1}


async def notify(number: int) -> None:  # guilty: stored
    """Be kept in a list that nobody looks at."""


async def is_allowed() -> bool:  # guilty: condition
    """Be taken for true."""
    return False


async def count() -> None:  # guilty: dropped-in-task
    """Be called in a child task."""


async def send() -> None:  # guilty: dropped-in-background
    """Be called in a background task."""


async def cycle() -> None:  # guilty: cycle
    """Be held by a cycle, and die when the collector comes."""


@router.get("/returned")
async def returned() -> Any:
    """Return a coroutine."""
    return find_user()  # guilty: returned


@router.get("/nested")
async def nested() -> dict[str, Any]:
    """Return one deep in an answer."""
    return {"user": {"number": 1, "addresses": [find_address()]}}  # guilty: nested


@router.get("/dropped")
async def dropped() -> dict[str, bool]:
    """Forget the result of a call at once."""
    audit()  # type: ignore[unused-coroutine]  # guilty: dropped
    return {"done": True}


def _user() -> Coroutine[Any, Any, dict[str, int]]:
    return current_user()  # guilty: injected


@router.get("/injected")
async def injected(user: Annotated[Any, Depends(_user)]) -> dict[str, bool]:
    """Get a coroutine where a value should be, and answer 200."""
    return {"known": user is not None}


@router.get("/stored")
async def stored() -> dict[str, int]:
    """Collect coroutines, and forget to gather them."""
    waiting = [notify(1)]  # guilty: stored
    await asyncio.sleep(0.01)
    return {"notified": len(waiting)}


@router.get("/condition")
async def condition() -> dict[str, bool]:
    """Ask without awaiting the answer."""
    if is_allowed():  # type: ignore[truthy-bool]  # guilty: condition
        return {"allowed": True}
    return {"allowed": False}


@router.get("/in-task")
async def in_task() -> dict[str, bool]:
    """Forget one in a child task."""

    async def child() -> None:
        await asyncio.sleep(0.01)
        count()  # type: ignore[unused-coroutine]  # guilty: dropped-in-task

    await asyncio.gather(child(), asyncio.sleep(0.02))
    return {"done": True}


async def _after() -> None:
    send()  # type: ignore[unused-coroutine]  # guilty: dropped-in-background


@router.post("/in-background")
async def in_background(tasks: BackgroundTasks) -> dict[str, bool]:
    """Forget one after the answer."""
    tasks.add_task(_after)
    return {"done": True}


@router.get("/cycle")
async def in_cycle() -> dict[str, bool]:
    """Leave one to the collector, which will come during somebody else's request."""
    held: list[Any] = [cycle()]  # guilty: cycle
    held.append(held)
    return {"done": True}
