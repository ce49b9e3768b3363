"""Traces in tests: a provider that keeps its spans, and ways to ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import baggage, context
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

__all__ = ["Traces", "id_of", "parent_of", "told_by", "trace_of"]


class Traces:
    """The spans that have ended.

    Attributes:
        provider: Where they are made.
    """

    def __init__(self) -> None:
        self._kept = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self._kept))

    @contextmanager
    def request(self) -> Iterator[None]:
        """Have a span and a baggage around a block, as a request does."""
        token = context.attach(baggage.set_baggage("shop", "north"))
        try:
            with self.provider.get_tracer("tests").start_as_current_span("request"):
                yield
        finally:
            context.detach(token)

    def all(self) -> list[ReadableSpan]:
        """All of them, in the order in which they ended."""
        return list(self._kept.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        """Those with this name."""
        return [span for span in self.all() if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        """The only one with this name."""
        (span,) = self.named(name)
        return span


def trace_of(span: ReadableSpan) -> str:
    """Return the id of its trace."""
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def id_of(span: ReadableSpan) -> str:
    """Return its id."""
    assert span.context is not None
    return f"{span.context.span_id:016x}"


def parent_of(span: ReadableSpan) -> str | None:
    """Return the id of the span that it is part of."""
    return None if span.parent is None else f"{span.parent.span_id:016x}"


def told_by(span: ReadableSpan) -> dict[str, object]:
    """Return its attributes."""
    return dict(span.attributes or {})
