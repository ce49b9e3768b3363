"""The course of a call through a lane: it waits, it runs, and what became of it is counted once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from loopline.errors import LaneTimeout
from loopline.lanes._gate import Gate, Place
from loopline.lanes._traced import CallSpan

__all__ = ["counted"]

R = TypeVar("R")


async def counted(
    gate: Gate, work: Callable[[Place], Awaitable[R]], span: CallSpan, *, timeout: float | None, late: str
) -> R:
    """Take a place, do the work, and count how it ended.

    Args:
        gate: The lane's gate.
        work: Does the work, and sees to it that the place is left.
        span: The call's span, which is told of the place.
        timeout: Seconds for waiting and working together; None is no bound.
        late: What a message says of work that took longer.

    Returns:
        What the work returned.

    Raises:
        LaneTimeout: If it was not done in time.
        LaneFull: If as many run and wait as may.
        LaneClosed: If the lane has not started or closes.
        BaseException: What the work raised.
    """
    place: Place | None = None
    try:
        async with asyncio.timeout(timeout) as deadline:
            place = await gate.enter()
            span.waits_as(place)
            result = await work(place)
    except asyncio.CancelledError:
        gate.cancelled += 1
        raise
    except BaseException as error:
        if isinstance(error, TimeoutError) and deadline.expired():
            gate.timed_out += 1
            what = "was still waiting for a place" if place is None else late
            raise LaneTimeout(f"Lane {gate.name!r}: the call had {timeout:g} s and {what}.") from None
        if place is not None:
            gate.failed += 1
        raise
    gate.completed += 1
    return result
