"""Bounded concurrent calls over items: one outcome for each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from inspect import isawaitable
from typing import Generic, Protocol, Self, TypeAlias, TypeVar

from loopline._cancel import cancel_and_wait
from loopline._tracer import NO_SPAN, span_of
from loopline.errors import ConfigurationError

__all__ = ["Failed", "Outcome", "RetryCaller", "Succeeded", "as_completed", "fan_out"]

T = TypeVar("T")
R = TypeVar("R")
T_co = TypeVar("T_co", covariant=True)
R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Succeeded(Generic[T_co, R_co]):
    """The outcome of a call that returned.

    Attributes:
        index: The item's place among the items, from 0.
        item: The item.
        value: What the call returned.
    """

    index: int
    item: T_co
    value: R_co


@dataclass(frozen=True, slots=True)
class Failed(Generic[T_co]):
    """The outcome of a call that raised, or that was not finished in time (``error`` is a TimeoutError then).

    Attributes:
        index: The item's place among the items, from 0.
        item: The item.
        error: What the call raised.
    """

    index: int
    item: T_co
    error: Exception


Outcome: TypeAlias = Succeeded[T, R] | Failed[T]
"""What became of one item; ``isinstance`` or ``match`` tells which."""


class RetryCaller(Protocol):
    """What calls a function again when it fails, such as ``stamina.AsyncRetryingCaller(attempts=3).on(OSError)``."""

    def __call__(self, fn: Callable[[T], Awaitable[R]], item: T, /) -> Awaitable[R]:
        """Await ``fn(item)`` as often as it takes; return its value or raise its last error."""
        ...


async def fan_out(
    fn: Callable[[T], Awaitable[R]],
    items: Iterable[T],
    *,
    limit: int,
    timeout: float | None = None,
    retry: RetryCaller | None = None,
) -> list[Outcome[T, R]]:
    """Call ``await fn(item)`` for each item, at most ``limit`` at once, and return one outcome for each, in order.

    An error of one item is its outcome and leaves the others alone. When the caller is cancelled, the calls are
    cancelled and have ended before the cancellation goes on; the same when a call raises CancelledError on its own,
    and when taking the next item raises.

    Args:
        fn: A coroutine function of one argument.
        items: The items; each is taken when there is room for its call.
        limit: How many calls may be in flight at once.
        timeout: Seconds that each item may take, all its attempts included; None means without bound.
        retry: What awaits ``fn(item)`` again when it fails; None means one attempt.

    Returns:
        For each item, in the order of the items, a Succeeded with its ``value`` or a Failed with its ``error``.

    Raises:
        ConfigurationError: If ``limit`` or ``timeout`` can't work, or ``fn`` returns something that can't be awaited.
        Exception: What ``items`` raised, unchanged.
    """
    ended: dict[int, Outcome[T, R]] = {}
    with span_of("fan_out", fn) as span:
        async with as_completed(fn, items, limit=limit, timeout=timeout, retry=retry) as outcomes:
            async for outcome in outcomes:
                ended[outcome.index] = outcome
        if span is not NO_SPAN:
            span.set("loopline.items", len(ended))
            span.set("loopline.failed", sum(isinstance(outcome, Failed) for outcome in ended.values()))
    return [ended[index] for index in range(len(ended))]


def as_completed(
    fn: Callable[[T], Awaitable[R]],
    items: Iterable[T],
    *,
    limit: int,
    timeout: float | None = None,
    retry: RetryCaller | None = None,
) -> AbstractAsyncContextManager[AsyncIterator[Outcome[T, R]]]:
    """Call ``await fn(item)`` for each item, at most ``limit`` at once, and give each outcome as soon as it is known.

    Use it as ``async with as_completed(...) as outcomes: async for outcome in outcomes: ...``. Leaving the block
    cancels the calls that still run and waits for their end. An item is taken, and its call started, only when the
    next outcome is asked for; an outcome that nobody has asked for holds its call's place. So a slow reader slows
    the calls down, and at most ``limit`` outcomes are held.

    Args:
        fn: A coroutine function of one argument.
        items: The items; each is taken when there is room for its call.
        limit: How many calls may be in flight, or finished and not yet read.
        timeout: Seconds that each item may take, all its attempts included; None means without bound.
        retry: What awaits ``fn(item)`` again when it fails; None means one attempt.

    Returns:
        An async context manager; entering it gives the outcomes in the order in which the calls end.

    Raises:
        ConfigurationError: If ``limit`` or ``timeout`` can't work. While reading: if ``fn`` returns something that
            can't be awaited.
        Exception: While reading: what ``items`` raised, unchanged.
    """
    if limit < 1:
        raise ConfigurationError(f"limit={limit} lets no call start. Write limit=1 or more.")
    if timeout is not None and not timeout > 0:
        raise ConfigurationError(f"timeout={timeout} leaves no time. Write seconds above 0, or None for no bound.")
    return _opened(_Outcomes(fn, items, limit, timeout, retry))


@asynccontextmanager
async def _opened(outcomes: _Outcomes[T, R]) -> AsyncIterator[AsyncIterator[Outcome[T, R]]]:
    try:
        yield outcomes
    finally:
        await outcomes.aclose()


class _Outcomes(Generic[T, R]):
    """The calls of one fan-out: started when room is left and an outcome is asked for, given as they end."""

    def __init__(
        self,
        fn: Callable[[T], Awaitable[R]],
        items: Iterable[T],
        limit: int,
        timeout: float | None,
        retry: RetryCaller | None,
    ) -> None:
        self._fn = fn
        self._items = enumerate(items)
        self._limit = limit
        self._timeout = timeout
        self._retry = retry
        self._exhausted = False
        self._closed = False
        self._refused: ConfigurationError | None = None
        self._running: set[asyncio.Task[Outcome[T, R]]] = set()
        self._ended: deque[asyncio.Task[Outcome[T, R]]] = deque()
        self._changed = asyncio.Event()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome[T, R]:
        while True:
            if self._closed:
                raise ConfigurationError("The block of as_completed(...) was left. Read its outcomes inside it.")
            if self._refused is not None:
                raise self._refused
            self._start_calls()
            if self._ended:
                # A task that was cancelled, though not by us, raises its CancelledError here: it is nobody's outcome.
                return self._ended.popleft().result()
            if not self._running:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()

    async def aclose(self) -> None:
        """Cancel the calls that still run and wait for their end."""
        self._closed = True
        await cancel_and_wait([*self._running, *self._ended])

    def _start_calls(self) -> None:
        while not self._exhausted and len(self._running) + len(self._ended) < self._limit:
            try:
                index, item = next(self._items)
            except StopIteration:
                self._exhausted = True
                return
            task = asyncio.create_task(self._outcome(index, item))
            self._running.add(task)
            task.add_done_callback(self._call_ended)

    def _call_ended(self, task: asyncio.Task[Outcome[T, R]]) -> None:
        self._running.discard(task)
        self._ended.append(task)
        self._changed.set()

    async def _outcome(self, index: int, item: T) -> Outcome[T, R]:
        try:
            async with asyncio.timeout(self._timeout):
                value = await (self._call(item) if self._retry is None else self._retry(self._call, item))
        except Exception as error:  # noqa: BLE001  # every error of the call is its outcome
            return Failed(index, item, error)
        return Succeeded(index, item, value)

    async def _call(self, item: T) -> R:
        awaitable = self._fn(item)
        if not isawaitable(awaitable):
            name = getattr(self._fn, "__qualname__", repr(self._fn))
            # Kept aside too, so that it ends the fan-out at once: no retry, no outcome.
            self._refused = ConfigurationError(
                f"{name} returned {type(awaitable).__name__}, which can't be awaited. Write `async def {name}`; "
                "a plain function that blocks belongs in a lane: `await lane.map(fn, items)`."
            )
            self._changed.set()
            raise self._refused
        return await awaitable
