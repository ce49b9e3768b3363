"""aiodebug's ``log_slow_callbacks``. Its hang inspection writes three stacks a second apart: none of a short stall."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiodebug import log_slow_callbacks
from fastapi import FastAPI

from benchmarks.watch.finding import Finding, Tell
from benchmarks.watch.tools.asyncio_debug import spots_of
from benchmarks.watch.tools.tool import THRESHOLD

__all__ = ["watching"]


@asynccontextmanager
async def watching(app: FastAPI, tell: Tell) -> AsyncIterator[None]:
    """Switch it on, with a callback of ours."""

    def slow(shown: str, seconds: float) -> None:
        tell(Finding(seconds=seconds, spots=spots_of(shown), text=shown))

    log_slow_callbacks.enable(THRESHOLD, on_slow_callback=slow)
    yield
