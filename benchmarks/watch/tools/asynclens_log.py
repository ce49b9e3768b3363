"""asynclens, as its README shows for FastAPI."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asynclens import AsyncWatchdog
from fastapi import FastAPI

from benchmarks.watch.finding import Finding, Tell
from benchmarks.watch.tools.log import listening
from benchmarks.watch.tools.tool import THRESHOLD

__all__ = ["watching"]

NAME = "asynclens"
# It lists the frames of all threads; those of the loop's are the ones to look at.
_FRAME = re.compile(r"\(MainThread\) \S+ (\S+) l\. (\d+) in `([^`]+)`")


@asynccontextmanager
async def watching(app: FastAPI, tell: Tell) -> AsyncIterator[None]:
    """Run its watchdog inside the lifespan."""

    def hear(record: logging.LogRecord) -> None:
        text = record.getMessage()
        if "Loop blocked" in text:  # a second message says when it was released
            spots = [(file, int(line), function) for file, line, function in _FRAME.findall(text)]
            tell(Finding(spots=spots, text="\n".join(text.splitlines()[-2:])))

    with listening(NAME, hear):
        async with AsyncWatchdog(threshold_ms=int(THRESHOLD * 1000), logger=logging.getLogger(NAME)):
            yield
