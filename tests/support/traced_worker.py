"""Sets OpenTelemetry up in a worker process, as a module of an application does that ``preload`` names.

Spans are appended to the file that the environment names, a line each, some at a time as in production.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

__all__ = ["FILE_VARIABLE", "Line", "set_up", "written"]

FILE_VARIABLE = "TRACED_WORKER_FILE"

Line = tuple[str, str, str, int]
"""Of a span: its name, its trace, its parent, and the process that made it."""


class _ToFile(SpanExporter):
    def __init__(self, path: Path) -> None:
        self._path = path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        with self._path.open("a") as file:
            for span in spans:
                assert span.context is not None
                parent = "" if span.parent is None else f"{span.parent.span_id:016x}"
                file.write(json.dumps([span.name, f"{span.context.trace_id:032x}", parent, os.getpid()]) + "\n")
        return SpanExportResult.SUCCESS


def set_up() -> None:
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(_ToFile(Path(os.environ[FILE_VARIABLE]))))
    trace.set_tracer_provider(provider)


def written(path: Path) -> list[Line]:
    """What is in the file."""
    return [tuple(json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


if FILE_VARIABLE in os.environ:
    set_up()
