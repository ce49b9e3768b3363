"""How long it takes from the beginning of a commit until the job starts, one at a time; and a bare commit."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import uvloop

from benchmarks.jobs.figures import summary
from benchmarks.jobs.registry import load
from benchmarks.jobs.tasks import REPORTS, read_report
from benchmarks.jobs.worker import LOOPLINE_WORKER, workers

__all__ = ["latency"]

WARM_UP = 10
SHORTEST, LONGEST = 0.01, 0.03  # seconds between two jobs, so that the worker is at rest
PATIENCE = 15.0  # seconds until a job starts
SETTLE = 1.0  # seconds in which the worker begins to listen


def latency(target: str, url: str, times: int, inside: bool, longest: float) -> dict[str, float]:
    """Commit one job after another, each when the one before has started.

    Args:
        target: The contender.
        url: Its empty store.
        times: How often.
        inside: Whether the worker is in the process that commits, for Loopline.
        longest: Seconds after which it ends all the same.
    """
    asyncio.run(load(target, url).prepare())
    with _reports() as line:
        if not inside:
            os.environ[LOOPLINE_WORKER] = "off"
        with nullcontext() if inside else workers(target, url, 1):
            return uvloop.run(_measure(target, url, line, times, longest))


async def _measure(target: str, url: str, line: socket.socket, times: int, longest: float) -> dict[str, float]:
    contender = load(target, url)
    loop = asyncio.get_running_loop()
    took: list[float] = []
    bare: list[float] = []
    await asyncio.sleep(SETTLE)
    async with contender.enqueuing() as store:
        end = time.perf_counter() + longest
        for number in range(-WARM_UP, times):
            commit = await store()
            began = time.perf_counter()
            await commit()
            async with asyncio.timeout(PATIENCE):
                started = read_report(await loop.sock_recv(line, 100))
            if number >= 0:
                took.append(started - began)
            await asyncio.sleep(random.uniform(SHORTEST, LONGEST))
            if (alone := await contender.bare_commit()) is not None:
                bare.append(alone)
            if number >= 0 and time.perf_counter() > end:
                break
    result = {"times": float(len(took))} | summary("start", took)
    return result | summary("bare", bare) if bare else result


@contextmanager
def _reports() -> Iterator[socket.socket]:
    with (
        tempfile.TemporaryDirectory(prefix="jobs-benchmark-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line,
    ):
        path = f"{folder}/reports"
        line.bind(path)
        line.setblocking(False)
        os.environ[REPORTS] = path
        yield line
