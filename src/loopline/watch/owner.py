"""Whom the loop works for at this moment: which task, and which request started it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Mapping
from contextvars import Context
from dataclasses import dataclass
from typing import Any

from loopline.watch.request import Request, current_request

__all__ = ["NOBODY", "Owner", "answered_by", "owner_of", "requests_of"]

OUTERMOST = 10  # coroutines of a server and its middlewares, of which one has the scope as its argument


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
    return Owner(weakref.ref(task), task.get_name(), _request_of(task))


def requests_of(loop: asyncio.AbstractEventLoop) -> list[Request]:
    """Return the requests that a loop's tasks work for. It may be asked from any thread."""
    try:
        tasks = asyncio.all_tasks(loop)
    except RuntimeError:  # it has looked a thousand times, and each time tasks came and went meanwhile
        return []
    return [request for task in tasks if (request := _request_of(task)) is not None]


def answered_by(loop: asyncio.AbstractEventLoop) -> list[Request]:
    """Return the requests that a loop's tasks are answering, but for the one that is running."""
    try:
        tasks = asyncio.all_tasks(loop)
    except RuntimeError:
        return []
    found = [(task, _request_of(task)) for task in tasks]
    return [request for task, request in found if request is not None and _was_given(task, request.scope)]


def _was_given(task: asyncio.Task[Any], scope: Mapping[str, Any]) -> bool:
    """Whether one of a task's outermost coroutines holds a scope: a task that a request starts is not given it."""
    coroutine: Any = task.get_coro()
    for _ in range(OUTERMOST):
        if any(one is scope for one in gc.get_referents(coroutine)):
            return True
        coroutine = getattr(coroutine, "cr_await", None)
    return False


def _request_of(task: asyncio.Task[Any]) -> Request | None:
    context = _context_of(task)
    return None if context is None else context.get(current_request)


def _context_of(task: asyncio.Task[Any]) -> Context | None:
    get_context = getattr(task, "get_context", None)  # Python 3.12
    if get_context is not None:
        context: Context = get_context()
        return context
    # On 3.11 a task does not tell its context, but it does refer to it.
    return next((found for found in gc.get_referents(task) if isinstance(found, Context)), None)
