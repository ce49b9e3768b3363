"""asynclens, as its README shows for FastAPI."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asynclens import AsyncWatchdog
from fastapi import FastAPI

from benchmarks.watch.finding import Finding, Tell, spots_in
from benchmarks.watch.tools.log import listening
from benchmarks.watch.tools.tool import THRESHOLD

__all__ = ["watching"]

NAME = "asynclens"
_SECONDS = re.compile(r"([\d.]+)\s*ms")


@asynccontextmanager
async def watching(app: FastAPI, tell: Tell) -> AsyncIterator[None]:
    """Run its watchdog inside the lifespan."""

    def hear(record: logging.LogRecord) -> None:
        text = record.getMessage()
        found = _SECONDS.search(text)
        tell(Finding(seconds=float(found[1]) / 1000 if found else None, spots=spots_in(text), text=text))

    with listening(NAME, hear):
        async with AsyncWatchdog(threshold_ms=int(THRESHOLD * 1000), logger=logging.getLogger(NAME)):
            yield
