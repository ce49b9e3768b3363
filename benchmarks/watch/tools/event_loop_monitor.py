"""asyncio-event-loop-monitor, which sees each call and return through ``sys.setprofile``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asyncio_event_loop_monitor import BlockingCallInfo, event_loop_monitor_ctx
from fastapi import FastAPI

from benchmarks.watch.finding import Finding, Tell
from benchmarks.watch.tools.tool import THRESHOLD

__all__ = ["watching"]


@asynccontextmanager
async def watching(app: FastAPI, tell: Tell) -> AsyncIterator[None]:
    """Run it inside the lifespan, with a callback of ours."""

    def blocking(info: BlockingCallInfo) -> None:
        tell(Finding(seconds=info.duration_ms / 1000, function=info.method_name, text=info.method_name))

    with event_loop_monitor_ctx(threshold_ms=THRESHOLD * 1000, on_blocking_call=blocking):
        yield
