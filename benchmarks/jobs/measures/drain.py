"""How fast jobs are worked off: from the first completion that is seen to the last, starts and imports left out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from benchmarks.jobs.filling import filling
from benchmarks.jobs.registry import load
from benchmarks.jobs.worker import workers

__all__ = ["drain", "rate_of", "work_off"]

GLANCE = 0.1  # seconds between two counts
EARLY_GLANCE = 0.02  # before the first completion
PATIENCE = 30.0  # seconds until the first completion


def drain(target: str, url: str, jobs: int, processes: int, longest: float) -> dict[str, float]:
    """Work jobs off that do nothing.

    Args:
        target: The contender.
        url: Its empty store.
        jobs: How many there are.
        processes: How many workers.
        longest: Seconds after which what has been completed by then is the result.
    """
    asyncio.run(load(target, url).prepare())
    with filling(url):
        asyncio.run(load(target, url).fill(jobs))
    with load(target, url).counting() as left:
        return work_off(target, url, jobs, processes, longest, left)


def work_off(
    target: str, url: str, jobs: int, processes: int, longest: float, left: Callable[[], int]
) -> dict[str, float]:
    """Work off what is stored.

    Args:
        target: The contender.
        url: Its store.
        jobs: How many jobs there are.
        processes: How many workers.
        longest: Seconds after which what has been completed by then is the result.
        left: Counts those that are not completed.
    """
    if (stored := left()) != jobs:
        raise RuntimeError(f"{jobs} jobs were stored, and {stored} are there")
    with workers(target, url, processes):
        return rate_of(jobs, longest, left)


def rate_of(jobs: int, longest: float, left: Callable[[], int]) -> dict[str, float]:
    """Watch jobs being completed.

    Args:
        jobs: How many there are.
        longest: Seconds after which what has been completed by then is the result.
        left: Counts those that are not completed.

    Raises:
        RuntimeError: If none is completed.
    """
    began = time.perf_counter()
    while (at_first := left()) == jobs:
        if time.perf_counter() - began > PATIENCE:
            raise RuntimeError(f"no job was completed within {PATIENCE:g} s")
        time.sleep(EARLY_GLANCE)
    first = time.perf_counter()
    now_left, now = at_first, first
    while now_left and now - first < longest:
        time.sleep(GLANCE if now_left > jobs / 20 else EARLY_GLANCE)
        now_left, now = left(), time.perf_counter()
    completed = at_first - now_left
    if not completed:
        raise RuntimeError("all were completed before the first count: too few jobs for a rate")
    return {"jobs_per_s": completed / (now - first), "completed": jobs - now_left, "seconds": now - began}
