"""Whether the server is about to stop: open streams must end by then, since it waits for them."""

from __future__ import annotations

import asyncio
import signal

__all__ = ["is_leaving", "until_leaving"]

STEP = 0.2  # seconds


def is_leaving() -> bool | None:
    """Whether uvicorn has been told to stop, by a signal or by itself; None if another server runs this."""
    # uvicorn tells nobody before the connections have ended. Its signal handler is a method of the server, which knows.
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    leaving = getattr(server, "should_exit", None)
    return leaving if isinstance(leaving, bool) else None


async def until_leaving(longest: float, unknown: float) -> None:
    """Wait until the server stops.

    Args:
        longest: Seconds after which it returns in any case.
        unknown: The same, if it can't be known whether the server stops.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    leaving = is_leaving()
    while not leaving and loop.time() - began < (unknown if leaving is None else longest):
        await asyncio.sleep(STEP)
        leaving = is_leaving()
