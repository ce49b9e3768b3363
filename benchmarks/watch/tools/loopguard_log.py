"""fastapi-loopguard's middleware with its defaults, as its README's quick start shows."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from fastapi_loopguard import LoopGuardMiddleware
from fastapi_loopguard.context import get_registry

from benchmarks.watch.finding import Finding, Tell
from benchmarks.watch.tools.log import listening
from benchmarks.watch.tools.tool import THRESHOLD

__all__ = ["watching"]

_BLOCKED = re.compile(r"blocked for ([\d.]+)ms(?: across \d+ in-flight request\(s\): (.+))?")


def watching(app: FastAPI, tell: Tell) -> AbstractAsyncContextManager[None]:
    """Add the middleware. It finds a threshold of its own; what is below that of the others is not counted."""
    app.add_middleware(LoopGuardMiddleware)
    return _heard(tell)


@asynccontextmanager
async def _heard(tell: Tell) -> AsyncIterator[None]:
    def hear(record: logging.LogRecord) -> None:
        found = _BLOCKED.search(record.getMessage())
        if found and (seconds := float(found[1]) / 1000) >= THRESHOLD:
            # The line has the numbers of requests; a banner for each has its path, when it is answered.
            requests = [get_registry().get(number) for number in (found[2] or "").split(",")]
            routes = [f"{request.method} {request.path}" for request in requests if request]
            for route in routes or (None,):
                tell(Finding(seconds=seconds, route=route, text=found[0]))

    with listening("fastapi_loopguard", hear):
        yield
