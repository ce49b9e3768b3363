"""A glimpse: what a loop's thread does at one moment, as plain data that keeps nothing of the program alive."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import FrameType

from loopline.watch.frames import Stack, stack_of
from loopline.watch.owner import NOBODY, Owner, owner_of

__all__ = ["Glimpse", "glimpse_of"]


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a loop's thread does. Sample has the same names.

    Attributes:
        stack: Its stack, from the innermost step outwards.
        owner: Whom it works for.
        callback: What stands for the call that it is in, where there is no task.
    """

    stack: Stack
    owner: Owner
    callback: object


def glimpse_of(frame: FrameType | None, base: int, loop: asyncio.AbstractEventLoop) -> Glimpse:
    """Return what a loop's thread does.

    Args:
        frame: Its innermost frame.
        base: How many of the outermost frames run the loop.
        loop: The loop.
    """
    owner = owner_of(loop)
    return Glimpse(stack_of(frame, base), owner, _mark(frame, base) if owner is NOBODY else None)


def _mark(frame: FrameType | None, base: int) -> object:
    """Return what is the same for each look at one call of a callback, which no task tells from the next.

    The mark hangs on the frame of the callback, as a trace function that nobody calls: nothing is traced. Holding the
    frame itself would keep its variables alive, and let them die in another thread.
    """
    frames: list[FrameType] = []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    if len(frames) <= base:
        return None
    outermost = frames[len(frames) - base - 1]
    if outermost.f_trace is None:
        outermost.f_trace = _Mark()
    return outermost.f_trace


class _Mark:
    """Marks a frame. If the thread is being traced after all, it traces nothing."""

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        """Trace no further."""
