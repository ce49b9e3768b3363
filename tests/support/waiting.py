"""Wait for a condition instead of for a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

__all__ = ["until", "wait_until"]


def wait_until(condition: Callable[[], object], limit: float = 120.0) -> None:
    """Return once the condition holds; fail after ``limit`` seconds, which only guards against a hang."""
    deadline = time.monotonic() + limit
    asked = time.thread_time()
    while not condition():
        assert time.monotonic() < deadline, "the condition never held"
        # one that takes long to ask for does not take the processor from those who are to bring it about
        time.sleep(max(0.005, 3 * (time.thread_time() - asked)))
        asked = time.thread_time()


async def until(condition: Callable[[], object], limit: float = 120.0) -> None:
    """Do the same on the event loop."""
    async with asyncio.timeout(limit):
        while not condition():
            await asyncio.sleep(0.002)
