"""asyncio's debug mode, which uvloop has too."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from benchmarks.watch.finding import Finding, Spot, Tell
from benchmarks.watch.tools.log import listening
from benchmarks.watch.tools.tool import THRESHOLD

__all__ = ["spots_of", "watching"]

_TOOK = re.compile(r"Executing (.+) took ([\d.]+) seconds", re.DOTALL)
# "f() running at /file:1", "f() done, defined at /file:1", "f() at /file:1", "created at /file:1"
_PLACE = re.compile(r"(?:([^\s=<]+)\(\)\s[a-z, ]*)?\bat (/[^\s:>]+):(\d+)")


@asynccontextmanager
async def watching(app: FastAPI, tell: Tell) -> AsyncIterator[None]:
    """Switch it on, with the threshold of all."""

    def hear(record: logging.LogRecord) -> None:
        if found := _TOOK.match(record.getMessage()):
            tell(Finding(seconds=float(found[2]), spots=spots_of(found[1]), text=found[0]))

    loop = asyncio.get_running_loop()
    loop.slow_callback_duration = THRESHOLD
    loop.set_debug(True)
    with listening("asyncio", hear):
        yield


def spots_of(shown: str) -> list[Spot]:
    """Return the places in the representation of a handle.

    Args:
        shown: Of a task: where its coroutine waits now, or where it is defined; and where the task was made.
    """
    return [(file, int(line), function) for function, file, line in _PLACE.findall(shown)]
