"""The span of a call or a stream in a lane, with how long that waited for a place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias

from loopline import _tracer
from loopline._tracer import NO_SPAN, Span, span_of
from loopline.lanes._map import each

__all__ = ["NOT_TRACED", "CallSpan", "call_span", "stream_span"]


class Holder(Protocol):
    """What waits for a place and then holds it: a ``Place``, or the source of a stream."""

    @property
    def since(self) -> float:
        """When it got its place, in the loop's time; 0 before that."""
        ...


class _Traced:
    """A span that is told of its call's place. It is made when the place is asked for."""

    __slots__ = ("_asked", "_holder", "_span")

    def __init__(self, span: Span) -> None:
        self._span = span
        self._asked = asyncio.get_running_loop().time()
        self._holder: Holder | None = None

    def __enter__(self) -> Self:
        self._span.__enter__()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._note_wait()
        self._span.__exit__(exc_type, exc, traceback)

    def waits_as(self, holder: Holder) -> None:
        """Note what waits for the place, or has it."""
        self._holder = holder

    def current(self) -> AbstractContextManager[None]:
        """Make it current for a block, and don't end it."""
        return self._span.current()

    def fail(self, error: BaseException) -> None:
        """Note what it failed of."""
        self._span.fail(error)

    def end(self, error: BaseException | None = None) -> None:
        """End it, with what it failed of, if it did."""
        self._note_wait()
        self._span.end(error)

    def _note_wait(self) -> None:
        holder, self._holder = self._holder, None  # which may refer to this
        until = 0.0 if holder is None else holder.since
        self._span.set("loopline.lane.wait", (until or asyncio.get_running_loop().time()) - self._asked)


class _NotTraced:
    """Stands for it where nothing is traced."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def waits_as(self, holder: Holder) -> None:
        """Do nothing, as the rest."""

    def current(self) -> AbstractContextManager[None]:
        return NO_SPAN.current()

    def fail(self, error: BaseException) -> None:
        """Do nothing, as the rest."""

    def end(self, error: BaseException | None = None) -> None:
        """Do nothing, as the rest."""


CallSpan: TypeAlias = _Traced | _NotTraced

NOT_TRACED = _NotTraced()


def call_span(lane: str, fn: Callable[..., Any], args: tuple[Any, ...]) -> CallSpan:
    """Begin the span of a call; one of ``map`` is told by the function that ``map`` was given.

    Args:
        lane: The lane's name.
        fn: The function.
        args: Its arguments, of which nothing is told.
    """
    if _tracer.active is None:
        return NOT_TRACED
    return _Traced(span_of("run", args[0] if fn is each else fn, lane))


def stream_span(lane: str, fn: Callable[..., Any]) -> CallSpan:
    """Begin the span of a stream: it lasts until the generator has ended."""
    return NOT_TRACED if _tracer.active is None else _Traced(span_of("stream", fn, lane))
