"""A generator that runs in a lane, as an async iterator on the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from loopline.errors import LaneTimeout
from loopline.lanes._gate import Gate, Place
from loopline.lanes._traced import NOT_TRACED, CallSpan, stream_span

__all__ = ["CLOSES_IN", "Feed", "Source", "Stream", "Unreadable"]

R = TypeVar("R")

CLOSES_IN = 1.0  # seconds that a generator may take to close itself once nobody wants its items any more


class Source(Protocol):
    """The generator, seen from the event loop. Each method returns at once; after the end they do nothing."""

    def start(self) -> Place:
        """Ask the lane for a place, and begin when it is there.

        Returns:
            The place.

        Raises:
            LaneFull: If as many run and wait as may.
            LaneClosed: If the lane is not open.
        """
        ...

    def go_on(self) -> None:
        """Note that one item was taken, so that the generator may make another."""
        ...

    def stop(self) -> None:
        """Close the generator as soon as it gives its next item or waits with one."""
        ...

    def give_up(self) -> None:
        """End it as hard as the lane can: nobody waits for it any more."""
        ...


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for an item that came and can't be read.

    Attributes:
        error: Why.
    """

    error: Exception


@dataclass(slots=True, eq=False)
class Feed(Generic[R]):
    """What has come from a generator and was not taken yet.

    Attributes:
        items: The items, in order.
        ended: Whether nothing more comes.
        error: What the generator raised, or what ended it.
    """

    items: deque[R | Unreadable] = field(default_factory=deque)
    ended: bool = False
    error: BaseException | None = None
    _span: CallSpan = NOT_TRACED
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def trace(self, span: CallSpan) -> None:
        """Let a span end with it."""
        self._span = span

    def fail(self, error: BaseException) -> None:
        """Note in the span what the consumer is told of, though the generator does not end with it."""
        self._span.fail(error)

    def put(self, item: R | Unreadable) -> None:
        """Add an item."""
        self.items.append(item)
        self._news.set()

    def end(self, error: BaseException | None = None) -> None:
        """Note that nothing more comes. Only the first end counts."""
        if not self.ended:
            self.ended, self.error = True, error
            span, self._span = self._span, NOT_TRACED
            span.end(error)
            self._news.set()

    async def news(self) -> None:
        """Wait until there is an item, or the end."""
        while not (self.items or self.ended):
            self._news.clear()
            await self._news.wait()

    async def over(self) -> None:
        """Wait for the end, and drop the items that come before it."""
        while not self.ended:
            self._news.clear()
            await self._news.wait()
        self.items.clear()


class Stream(Generic[R]):
    """The items of a generator that runs in a lane: what ``Lane.stream`` returns.

    ``async with`` takes a place in the lane, ``async for`` gives the items as they are made. The generator is 16 items
    ahead at most; then it waits until one is taken. Leaving the ``async with`` closes it, and its ``finally`` runs. So
    does a cancellation while an item is awaited, as with any asynchronous generator. One that does not close within a
    second, or is late with an item, is ended as ``Lane.run`` ends a call: a process is killed, a thread left to itself.

    Without ``async with`` the place is taken when the first item is asked for. Then nothing waits for the generator's
    end when the loop is left early; CPython closes it once nothing refers to the stream.
    """

    def __init__(
        self, gate: Gate, fn: Callable[..., Iterable[R]], source: Source, feed: Feed[R], timeout: float | None
    ) -> None:
        self._gate = gate
        self._fn = fn
        self._source = source
        self._feed = feed
        self._timeout = timeout
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting = False
        self._closed = False

    async def __aenter__(self) -> Self:
        """Ask for a place in the lane.

        Raises:
            LaneFull: If as many calls run and wait as may.
            LaneClosed: If the lane has not started or is closed.
        """
        self._start()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the generator."""
        await self.aclose()

    def __aiter__(self) -> Self:
        """Return itself: there is one pass over the items."""
        return self

    async def __anext__(self) -> R:
        """Return the next item.

        Raises:
            StopAsyncIteration: If there is none any more.
            LaneTimeout: If it did not come in time; the stream is closed then.
            LooplineError: As ``Lane.run`` does.
            Exception: Whatever the generator raised, unchanged.
        """
        if self._closed:
            raise StopAsyncIteration
        if self._waiting:
            raise RuntimeError("two tasks wait for the next item of one stream: let one take them and pass them on")
        self._start()
        if not self._feed.items:
            await self._next_arrives()
        if not self._feed.items:
            self._closed = True
            if self._feed.error is not None:
                self._gate.failed += 1
                raise self._feed.error
            self._gate.completed += 1
            raise StopAsyncIteration
        item = self._feed.items.popleft()
        if isinstance(item, Unreadable):
            self._gate.failed += 1
            self._feed.fail(item.error)
            self._close()
            raise item.error
        self._source.go_on()
        return item

    async def aclose(self) -> None:
        """Close the generator and wait until it has ended, for a second at most. Closing twice is harmless.

        Raises:
            Exception: Whatever the generator raised as it was closed.
        """
        if self._closed or self._loop is None:
            self._closed = True
            return
        self._closed = True
        _leave(self._loop, self._gate, self._source, self._feed)
        await self._feed.over()
        if self._feed.error is not None:
            raise self._feed.error

    def __del__(self) -> None:
        """Close the generator if nobody did; this may be any thread."""
        if not self._closed and self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed, and the lane with it
                self._loop.call_soon_threadsafe(_leave, self._loop, self._gate, self._source, self._feed)

    def _start(self) -> None:
        if self._loop is None:
            span = stream_span(self._gate.name, self._fn)
            try:
                with span.current():
                    span.waits_as(self._source.start())
            except BaseException as error:
                span.end(error)
                raise
            self._feed.trace(span)
            self._loop = asyncio.get_running_loop()

    async def _next_arrives(self) -> None:
        self._waiting = True
        try:
            async with asyncio.timeout(self._timeout) as deadline:
                await self._feed.news()
        except asyncio.CancelledError as error:
            self._gate.cancelled += 1
            self._feed.fail(error)
            self._close()
            raise
        except TimeoutError:
            assert deadline.expired()
            self._gate.timed_out += 1
            self._closed = True
            raise self._give_up_late() from None
        finally:
            self._waiting = False

    def _give_up_late(self) -> LaneTimeout:
        late = LaneTimeout(
            f"Lane {self._gate.name!r}: the next item of a stream did not come within {self._timeout:g} s."
        )
        self._feed.fail(late)
        self._source.give_up()
        return late

    def _close(self) -> None:
        self._closed = True
        assert self._loop is not None
        _close(self._loop, self._source, self._feed)


# No methods of Stream: what waits for the generator's end must not keep it alive.


def _leave(loop: asyncio.AbstractEventLoop, gate: Gate, source: Source, feed: Feed[R]) -> None:
    gate.completed += 1
    _close(loop, source, feed)


def _close(loop: asyncio.AbstractEventLoop, source: Source, feed: Feed[R]) -> None:
    if not feed.ended:
        source.stop()
        loop.call_later(CLOSES_IN, source.give_up)
