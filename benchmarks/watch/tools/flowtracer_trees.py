"""fastapi-flowtracer, which prints a tree of the calls of each request, with those that blocked."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, redirect_stderr

from fastapi import FastAPI
from fastapi_flowtracer import FlowTracer

from benchmarks.watch.finding import Finding, Spot, Tell
from benchmarks.watch.markers import HERE
from benchmarks.watch.tools.tool import THRESHOLD

__all__ = ["watching"]

_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_REQUEST = re.compile(r"\[REQ-\w+\] → (\S+ \S+)")
_BLOCKING = re.compile(r"BLOCKING (\S+) \((\S+):\d+\) ⏱ (\d+)ms")


def watching(app: FastAPI, tell: Tell) -> AbstractAsyncContextManager[None]:
    """Set it up as its README shows, with the threshold of all."""
    tracer = FlowTracer(app, blocking_threshold_ms=THRESHOLD * 1000)
    # It traces the folder of the file that sets it up; a user's would be the application's.
    tracer.filter.project_root = f"{HERE}/"
    return _reading(tell)


@asynccontextmanager
async def _reading(tell: Tell) -> AsyncIterator[None]:
    with redirect_stderr(_Reader(tell)):
        yield


class _Reader(io.TextIOBase):
    """Reads the trees, and passes on what else is printed."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._onward = sys.stderr

    def write(self, text: str) -> int:
        """Read one tree: each is written at once."""
        plain = _COLOUR.sub("", text)
        if not (request := _REQUEST.search(plain)):
            return self._onward.write(text)
        for function, file, milliseconds in _BLOCKING.findall(plain):
            spot: Spot = (file, 0, function)  # the line is where the function begins
            self._tell(Finding(seconds=int(milliseconds) / 1000, spots=[spot], route=request[1], text=plain[:400]))
        return len(text)
