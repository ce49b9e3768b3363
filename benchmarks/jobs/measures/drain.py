"""How fast jobs are worked off: from the first completion that is seen to the last, starts and imports left out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from benchmarks.jobs.filling import filling
from benchmarks.jobs.rate import rate_of
from benchmarks.jobs.registry import load
from benchmarks.jobs.worker import workers

__all__ = ["drain", "work_off"]


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
