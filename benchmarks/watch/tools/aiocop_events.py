"""aiocop, as its README shows for ASGI applications."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiocop
from fastapi import FastAPI

from benchmarks.watch.finding import Finding, Spot, Tell
from benchmarks.watch.tools.tool import THRESHOLD

__all__ = ["watching"]


def watching(app: FastAPI, tell: Tell) -> AbstractAsyncContextManager[None]:
    """Set it up before the application starts; activate it when it has."""

    def slow(event: aiocop.SlowTaskEvent) -> None:
        if event.exceeded_threshold:
            traces = [found["trace"] for found in event.blocking_events]
            traces += [sample["trace"] for sample in event.cpu_stack_samples]
            spots = [spot for trace in traces for frame in trace.split(" <- ") if (spot := _spot(frame))]
            tell(Finding(seconds=event.elapsed_ms / 1000, spots=spots, text=f"{event.reason}: {traces}"))

    aiocop.patch_audit_functions()
    aiocop.start_blocking_io_detection(trace_depth=20)
    aiocop.detect_slow_tasks(threshold_ms=THRESHOLD * 1000, on_slow_task=slow)
    return _active()


@asynccontextmanager
async def _active() -> AsyncIterator[None]:
    aiocop.activate()
    try:
        yield
    finally:
        aiocop.deactivate()


def _spot(frame: str) -> Spot | None:
    match frame.rsplit(":", 2):
        case [file, line, function] if line.isdigit():
            return (file, int(line), function)
    return None
