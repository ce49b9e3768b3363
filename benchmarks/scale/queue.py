"""Jobs: worked off by more and more worker processes, and out of longer and longer queues."""

from __future__ import annotations

import asyncio
import os
import statistics
import time

import psycopg
import uvloop

from benchmarks.jobs.contender import postgres_left
from benchmarks.jobs.contenders.loopline_jobs import LooplineJobs
from benchmarks.jobs.rate import rate_of
from benchmarks.jobs.worker import LOOPLINE_WORKER, workers
from benchmarks.scale.plan import Effort

__all__ = ["measure_transactional", "measure_waiting", "measure_workers"]

TARGET = "loopline_jobs:LooplineJobs"
# By their number alone: to read all that wait, again and again, would take from the workers what is to be measured.
LEFT = "SELECT {jobs} - count(*) FROM loopline_jobs WHERE state = 'completed'"
WAITING = """
    INSERT INTO loopline_jobs
        (task, queue, state, priority, arguments, max_attempts, timeout, created_at, run_at)
    SELECT 'benchmarks.jobs.tasks.noop', 'default', 'available', 0, '{{}}', 10, 300,
        extract(epoch FROM now()), extract(epoch FROM now())
    FROM generate_series(1, {jobs})"""


def measure_workers(url: str, processes: int, effort: Effort) -> dict[str, float]:
    """Work jobs off that do nothing."""
    _prepare(url)
    _wait_in_line(url, effort.jobs)
    return _work_off(url, effort.jobs, processes, effort.seconds)


def measure_transactional(url: str, processes: int, effort: Effort) -> dict[str, float]:
    """Work jobs off that write a row, each in a transaction of its own that waits for the disk."""
    _prepare(url)
    asyncio.run(LooplineJobs(url).fill_transactional(effort.transactional))
    _tidy(url)
    return _work_off(url, effort.transactional, processes, effort.seconds)


def measure_waiting(url: str, jobs: int, effort: Effort) -> dict[str, float]:
    """Enqueue beside so many that wait, and then work them off with one process, for as long as there is time."""
    _prepare(url)
    _wait_in_line(url, jobs)
    os.environ[LOOPLINE_WORKER] = "off"  # in this process
    enqueue = statistics.median(uvloop.run(_enqueue(url, effort.enqueues)))
    return {"enqueue_p50_ms": 1000 * enqueue} | _work_off(url, jobs + effort.enqueues, 1, effort.seconds)


def _prepare(url: str) -> None:
    asyncio.run(LooplineJobs(url).prepare())


def _wait_in_line(url: str, jobs: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(WAITING.format(jobs=jobs).encode())
    _tidy(url)


def _tidy(url: str) -> None:
    """Let PostgreSQL look at its tables, as it has where a queue runs for more than a minute."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _work_off(url: str, jobs: int, processes: int, longest: float) -> dict[str, float]:
    with postgres_left(url, LEFT.format(jobs=jobs)) as left, workers(TARGET, url, processes):
        return rate_of(jobs, longest, left)


async def _enqueue(url: str, times: int) -> list[float]:
    took: list[float] = []
    async with LooplineJobs(url).enqueuing() as store:
        for _ in range(times):
            began = time.perf_counter()
            commit = await store()
            await commit()
            took.append(time.perf_counter() - began)
    return took
