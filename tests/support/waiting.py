"""Wait for a condition instead of for a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

__all__ = ["until", "wait_until"]


def wait_until(condition: Callable[[], object], limit: float = 30.0) -> None:
    """Return once the condition holds; fail after ``limit`` seconds, which only guards against a hang."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, "the condition never held"
        time.sleep(0.005)


async def until(condition: Callable[[], object], limit: float = 30.0) -> None:
    """Do the same on the event loop."""
    async with asyncio.timeout(limit):
        while not condition():
            await asyncio.sleep(0.002)
