"""Whom the loop works for at this moment: which task, and which request started it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextvars import Context
from dataclasses import dataclass
from typing import Any

from loopline.watch.request import Request, current_request

__all__ = ["NOBODY", "Owner", "owner_of", "requests_of"]


@dataclass(frozen=True, slots=True)
class Owner:
    """A task that runs.

    Attributes:
        task: It, as long as it lives; None for a plain callback.
        name: Its name.
        request: The request that started it, itself or through others.
    """

    task: weakref.ref[asyncio.Task[Any]] | None
    name: str | None
    request: Request | None


NOBODY = Owner(None, None, None)


def owner_of(loop: asyncio.AbstractEventLoop) -> Owner:
    """Return whom a loop works for. It may be asked from any thread."""
    task = asyncio.current_task(loop)
    if task is None:
        return NOBODY
    context = _context_of(task)
    request = None if context is None else current_request(context)
    return Owner(weakref.ref(task), task.get_name(), request)


def requests_of(loop: asyncio.AbstractEventLoop) -> list[Request]:
    """Return the requests that a loop's tasks work for. It may be asked from any thread."""
    try:
        tasks = asyncio.all_tasks(loop)
    except RuntimeError:  # it has looked a thousand times, and each time tasks came and went meanwhile
        return []
    contexts = [_context_of(task) for task in tasks]
    requests = [None if context is None else current_request(context) for context in contexts]
    return [request for request in requests if request is not None]


def _context_of(task: asyncio.Task[Any]) -> Context | None:
    get_context = getattr(task, "get_context", None)  # Python 3.12
    if get_context is not None:
        context: Context = get_context()
        return context
    # On 3.11 a task does not tell its context, but it does refer to it.
    return next((found for found in gc.get_referents(task) if isinstance(found, Context)), None)
