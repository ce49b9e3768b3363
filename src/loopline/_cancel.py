"""Cancel tasks and see them to their end."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from anyio import CancelScope

__all__ = ["cancel_and_wait"]


async def cancel_and_wait(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until each has ended, even when the caller is cancelled meanwhile.

    What the tasks returned or raised is dropped: nobody waits for it any more.

    Args:
        tasks: The tasks. Those that have ended already are left alone.

    Raises:
        asyncio.CancelledError: If the caller was cancelled; after the tasks have ended.
    """
    for task in tasks:
        task.cancel()
    cancelled: asyncio.CancelledError | None = None
    # The scope keeps anyio from cancelling again at every turn of the loop; a native cancel arrives once.
    with CancelScope(shield=True):
        while pending := [task for task in tasks if not task.done()]:
            try:
                await asyncio.wait(pending)
            except asyncio.CancelledError as error:
                cancelled = error
    for task in tasks:
        if not task.cancelled():
            task.exception()  # it counts as seen
    if cancelled is not None:
        raise cancelled
