"""Whether calls and jobs are traced, and by what. This is all of it that is loaded while nobody asks for traces.

``loopline.tracing`` switches it on. Only ``loopline._opentelemetry`` imports OpenTelemetry.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any, Literal, Protocol, Self, TypeAlias

__all__ = ["NO_SPAN", "TRACE", "Span", "Tracer", "Value", "span_of"]

Value: TypeAlias = str | int | float


class Span(Protocol):
    """A step of a trace. ``with`` makes it the current one and ends it, with the error that leaves the block."""

    def __enter__(self) -> Self:
        """Make it current."""
        ...

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Make current what was, and end it."""
        ...

    def current(self) -> AbstractContextManager[None]:
        """Make it current for a block, and don't end it."""
        ...

    def set(self, name: str, value: Value) -> None:
        """Note an attribute."""
        ...

    def fail(self, error: BaseException) -> None:
        """Note that it failed, and of what kind of error: never its message, which may tell anything."""
        ...

    def end(self, error: BaseException | None = None) -> None:
        """End it, with what it failed of, if it did."""
        ...


class Tracer(Protocol):
    """What makes spans."""

    def span(
        self, name: str, attributes: Mapping[str, Value], kind: Literal["internal", "producer"] = "internal"
    ) -> Span:
        """Begin a span as a part of the current one."""
        ...

    def continued(self, name: str, attributes: Mapping[str, Value], stored: str | None) -> Span:
        """Begin the span of a consumer in the trace that was stored; in a new one if none was, or it can't be read."""
        ...

    def stored(self) -> str | None:
        """Return the current span as text for a database, to be ``continued``; None if there is none."""
        ...

    def carried(self) -> Mapping[str, str]:
        """Return the current span and the baggage as what another process makes current with ``TRACE``."""
        ...


active: Tracer | None = None
"""What traces here; None while nothing is traced."""

_nothing = nullcontext()


class _NoSpan:
    """Stands for a span where nothing is traced."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def current(self) -> AbstractContextManager[None]:
        return _nothing

    def set(self, name: str, value: Value) -> None:
        """Do nothing, as the rest."""

    def fail(self, error: BaseException) -> None:
        """Do nothing, as the rest."""

    def end(self, error: BaseException | None = None) -> None:
        """Do nothing, as the rest."""


NO_SPAN: Span = _NoSpan()


def span_of(verb: str, fn: Callable[..., Any], lane: str | None = None) -> Span:
    """Begin the span of something that is done with a function, such as ``run resize``.

    Args:
        verb: What is done.
        fn: The function. Its name is told, nothing of what it is given.
        lane: The name of the lane that does it.
    """
    if active is None:
        return NO_SPAN
    while isinstance(fn, functools.partial):
        fn = fn.func
    named: Any = fn if getattr(fn, "__qualname__", None) else type(fn)
    name, module = str(named.__qualname__), getattr(named, "__module__", None)
    told: dict[str, Value] = {"code.function.name": f"{module}.{name}" if module else name}
    if lane is not None:
        told["loopline.lane.name"] = lane
    return active.span(f"{verb} {name}", told)


class _Trace:
    """Looks like a context variable to what sets those that come along with a call, in another process."""

    def set(self, carried: Mapping[str, str]) -> object:
        """Make the trace that came along current; what is returned takes it back."""
        try:
            from loopline import _opentelemetry
        except ImportError:  # a node of a cluster may have none: the call goes on without
            return None
        return _opentelemetry.enter(carried)

    def reset(self, token: Any) -> None:
        """Make current what was."""
        if token is not None:
            from loopline import _opentelemetry

            _opentelemetry.leave(token)


TRACE = _Trace()
