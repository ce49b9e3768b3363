"""What traces need of OpenTelemetry: its API alone. The only module that imports it; worker processes load it too."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import Token
from importlib.metadata import version
from types import TracebackType
from typing import Literal, Self

from opentelemetry import trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import SpanKind, StatusCode, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from loopline._tracer import Value

__all__ = ["OpenTelemetry", "enter", "leave"]

MOST_STATE = 512  # characters of a stored tracestate: as many as its specification asks everybody to pass on

# Whatever the application has chosen for its HTTP headers: both ends of these ways are Loopline's own.
_TRACE, _BAGGAGE = TraceContextTextMapPropagator(), W3CBaggagePropagator()
_KINDS = {"internal": SpanKind.INTERNAL, "producer": SpanKind.PRODUCER}


class OpenTelemetry:
    """The ``Tracer`` that makes OpenTelemetry's spans.

    Args:
        provider: Where they go; None for the one that the application has set for all.
    """

    def __init__(self, provider: TracerProvider | None) -> None:
        self._tracer = trace.get_tracer("loopline", version("loopline"), provider)

    def span(
        self, name: str, attributes: Mapping[str, Value], kind: Literal["internal", "producer"] = "internal"
    ) -> _Span:
        """Begin a span as a part of the current one."""
        return self._begin(name, attributes, _KINDS[kind], get_current())

    def continued(self, name: str, attributes: Mapping[str, Value], stored: str | None) -> _Span:
        """Begin the span of a consumer in the trace that was stored; in a new one if none was, or it can't be read."""
        return self._begin(name, attributes, SpanKind.CONSUMER, _TRACE.extract(_carrier(stored), Context()))

    def _begin(self, name: str, attributes: Mapping[str, Value], kind: SpanKind, around: Context) -> _Span:
        span = self._tracer.start_span(name, around, kind, attributes)
        if not span.get_span_context().is_valid:  # what older versions make where there is no SDK
            span = trace.NonRecordingSpan(trace.get_current_span(around).get_span_context())
        return _Span(span, around)

    def stored(self) -> str | None:
        """Return the current span as text for a database; None if there is none."""
        carrier: dict[str, str] = {}
        _TRACE.inject(carrier)
        if len(carrier.get("tracestate", "")) > MOST_STATE:
            del carrier["tracestate"]
        return json.dumps(carrier) if carrier else None

    def carried(self) -> Mapping[str, str]:
        """Return the current span and the baggage as headers."""
        carrier: dict[str, str] = {}
        _TRACE.inject(carrier)
        _BAGGAGE.inject(carrier)
        return carrier


class _Span:
    """A span in the context that it was begun in."""

    __slots__ = ("_around", "_span", "_token")

    def __init__(self, span: trace.Span, around: Context) -> None:
        self._span = span
        self._around = around
        self._token: Token[Context] | None = None

    def __enter__(self) -> Self:
        self._token = attach(trace.set_span_in_context(self._span, self._around))
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._token is not None
        detach(self._token)
        self.end(exc)

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make it current for a block, and don't end it."""
        token = attach(trace.set_span_in_context(self._span, self._around))
        try:
            yield
        finally:
            detach(token)

    def set(self, name: str, value: Value) -> None:
        """Note an attribute."""
        self._span.set_attribute(name, value)

    def fail(self, error: BaseException) -> None:
        """Note what kind of error it failed of. That nobody waits for it any more is no failure."""
        kind = type(error)
        name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        self._span.set_attribute("error.type", name)
        if not isinstance(error, asyncio.CancelledError):
            self._span.set_status(StatusCode.ERROR)

    def end(self, error: BaseException | None = None) -> None:
        """End it, with what it failed of, if it did."""
        if error is not None:
            self.fail(error)
        self._span.end()


def enter(carried: Mapping[str, str]) -> Token[Context]:
    """Make current what ``carried`` returned in another process."""
    return attach(_BAGGAGE.extract(carried, _TRACE.extract(carried, Context())))


def leave(token: Token[Context]) -> None:
    """Make current what was before ``enter``."""
    detach(token)


def _carrier(stored: str | None) -> dict[str, str]:
    try:
        found = json.loads(stored or "{}")
    except ValueError:
        return {}
    return {key: value for key, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}
