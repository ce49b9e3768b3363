"""What a listening worker costs those who commit: 24 at once, with a worker process and without."""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import time
from contextlib import nullcontext

import uvloop
from sqlalchemy import text

from benchmarks.jobs.contender import postgres_left
from benchmarks.jobs.contenders.loopline_jobs import ELSEWHERE, PLAIN, LooplineJobs
from benchmarks.jobs.worker import LOOPLINE_WORKER, workers

__all__ = ["committers"]

COMMITTERS = 24
SETTLE = 1.0  # seconds in which a worker that has begun to work comes to rest
LONGEST_START = 30.0  # seconds that it may take to begin
WITHOUT, LISTENING, WORKING = "without", "listening", "working"


def committers(target: str, url: str, rounds: int, seconds: float) -> dict[str, float]:
    """Count the commits of transactions that write one row and enqueue one job.

    Without: there is no worker. Listening: there is one in another process, which is told of each job and serves
    another queue. Working: it also works them off.

    Args:
        target: Loopline.
        url: Its empty store.
        rounds: How often each is measured, in turn.
        seconds: How long each time.
    """
    os.environ[LOOPLINE_WORKER] = "off"  # in this process; workers are others
    asyncio.run(LooplineJobs(url).prepare())
    rates: dict[str, list[float]] = {WITHOUT: [], LISTENING: [], WORKING: []}
    for _ in range(rounds):
        for name in random.sample(list(rates), len(rates)):
            with nullcontext() if name == WITHOUT else workers(target, url, 1):
                if name != WITHOUT:
                    _wait_for_worker(url)
                time.sleep(SETTLE)
                queue = "default" if name == WORKING else ELSEWHERE
                rates[name].append(uvloop.run(_commit(url, queue, seconds)))
    return {f"{name}_per_s": statistics.median(values) for name, values in rates.items()}


def _wait_for_worker(url: str) -> None:
    """Return once it works: to start is much work, which is none of the committers' concern."""
    deadline = time.perf_counter() + LONGEST_START
    with postgres_left(url, "SELECT count(*) FROM loopline_workers") as count:
        while not count():
            if time.perf_counter() > deadline:
                raise TimeoutError("the worker did not begin to work")
            time.sleep(0.05)


async def _commit(url: str, queue: str, seconds: float) -> float:
    contender = LooplineJobs(url, ("default", ELSEWHERE))
    task = contender.noop.options(queue=queue)
    write = text(PLAIN)
    commits = 0

    async def keep_committing() -> None:
        nonlocal commits
        while time.perf_counter() < end:
            async with contender.db.begin() as session:
                await session.execute(write, {"note": "written by a request"})
                await task.enqueue(session)
            commits += 1

    async with contender.db, contender.jobs:
        began = time.perf_counter()
        end = began + seconds
        async with asyncio.TaskGroup() as group:
            for _ in range(COMMITTERS):
                group.create_task(keep_committing())
        return commits / (time.perf_counter() - began)
