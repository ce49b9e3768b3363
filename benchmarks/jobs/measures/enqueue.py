"""What it takes to enqueue one job in one transaction; for Loopline, beside a bare insert of the same row.

What is compared alternates from one transaction to the next, so that whatever drifts meets both.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping

import uvloop
from sqlalchemy import text

from benchmarks.jobs.bare import INSERT, bare_values, make_twin
from benchmarks.jobs.contenders.loopline_jobs import PLAIN, LooplineJobs
from benchmarks.jobs.figures import summary
from benchmarks.jobs.registry import load

__all__ = ["enqueue"]

WARM_UP = 20  # of each kind
NOTE = {"note": "written by a request"}


def enqueue(target: str, url: str, times: int, longest: float) -> dict[str, float]:
    """Enqueue one job after another, with no worker.

    Args:
        target: The contender.
        url: Its empty store.
        times: How often.
        longest: Seconds after which it ends all the same.
    """
    contender = load(target, url)
    if isinstance(contender, LooplineJobs):
        return uvloop.run(_beside_bare(contender, times, longest))
    asyncio.run(contender.prepare())
    return uvloop.run(_alone(target, url, times, longest))


async def _alone(target: str, url: str, times: int, longest: float) -> dict[str, float]:
    async with load(target, url).enqueuing() as store:

        async def once() -> None:
            commit = await store()
            await commit()

        return await _alternate({"enqueue": once}, times, longest)


async def _beside_bare(contender: LooplineJobs, times: int, longest: float) -> dict[str, float]:
    await contender.prepare()
    db, task = contender.db, contender.noop
    async with db:
        async with db.begin() as session:
            await make_twin(session)

        async def alone() -> None:
            async with db.begin() as session:
                await task.enqueue(session)

        async def bare() -> None:
            async with db.begin() as session:
                await session.execute(INSERT, bare_values(job, time.time()))

        async def with_row() -> None:
            async with db.begin() as session:
                await session.execute(text(PLAIN), NOTE)
                await task.enqueue(session)

        async def bare_with_row() -> None:
            async with db.begin() as session:
                await session.execute(text(PLAIN), NOTE)
                await session.execute(INSERT, bare_values(job, time.time()))

        job = task.job()
        kinds = {"enqueue": alone, "bare": bare, "with_row": with_row, "bare_with_row": bare_with_row}
        return await _alternate(kinds, times, longest)


async def _alternate(
    kinds: Mapping[str, Callable[[], Awaitable[None]]], times: int, longest: float
) -> dict[str, float]:
    took: dict[str, list[float]] = {name: [] for name in kinds}
    end = time.perf_counter() + longest
    for number in range(-WARM_UP, times):
        for name, once in random.sample(list(kinds.items()), len(kinds)):
            began = time.perf_counter()
            await once()
            if number >= 0:
                took[name].append(time.perf_counter() - began)
        if number >= 0 and time.perf_counter() > end:
            break
    result = {"times": float(len(took["enqueue"]))}
    for name, values in took.items():
        result |= summary(name, values)
    return result
