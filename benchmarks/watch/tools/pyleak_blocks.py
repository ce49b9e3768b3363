"""pyleak's ``no_event_loop_blocking``, around the life of the application."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pyleak import no_event_loop_blocking
from pyleak.base import LeakAction

from benchmarks.watch.finding import Finding, Tell
from benchmarks.watch.tools.log import listening
from benchmarks.watch.tools.tool import THRESHOLD

__all__ = ["watching"]


@asynccontextmanager
async def watching(app: FastAPI, tell: Tell) -> AsyncIterator[None]:
    """Let it log. It logs the stacks only at the end; they are read as soon as it has them."""
    detection = no_event_loop_blocking(action=LeakAction.LOG, threshold=THRESHOLD, check_interval=0.01)

    def hear(record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text.startswith("Event loop blocked for"):
            block = detection.detector.detected_blocks[-1]
            stack = block.blocking_stack or []
            spots = [(frame.filename, frame.lineno or 0, frame.name) for frame in stack]
            tell(Finding(seconds=block.duration, spots=spots, text=text))

    with listening("pyleak.eventloop", hear):
        async with detection:
            yield
