"""Finish what must not be cut in half, then let the cancellation through."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from anyio import CancelScope

__all__ = ["finish_first"]

R = TypeVar("R")


async def finish_first(coroutine: Coroutine[Any, Any, R], *, grace: float = 30.0) -> R:
    """Run a coroutine to its end even when the caller is cancelled meanwhile, then pass the cancellation on.

    A commit that is cancelled in flight is saved by many drivers all the same; waiting for its real outcome is the
    only way to know. The coroutine runs in a task of its own, with a copy of the caller's context.

    Args:
        coroutine: What must be finished.
        grace: How long, in seconds after a cancellation, the coroutine may still take. Then it is cancelled too.

    Returns:
        What the coroutine returned.

    Raises:
        asyncio.CancelledError: If the caller was cancelled; after the coroutine has ended.
        BaseException: Whatever the coroutine raised, if the caller was not cancelled.
    """
    task = asyncio.ensure_future(coroutine)
    cancelled: asyncio.CancelledError | None = None
    deadline: asyncio.TimerHandle | None = None
    # The scope keeps anyio from cancelling again at every turn of the loop; a native cancel arrives once.
    with CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError as error:
                cancelled = error
                if deadline is None:
                    deadline = asyncio.get_running_loop().call_later(grace, task.cancel)
    if deadline is not None:
        deadline.cancel()
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # it counts as seen: the cancellation is what the caller gets
        raise cancelled
    return task.result()
