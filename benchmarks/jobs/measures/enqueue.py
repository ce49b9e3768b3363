"""What it takes to enqueue one job in one transaction, one after the other."""

from __future__ import annotations

import asyncio

import uvloop

from benchmarks.jobs.alternate import alternate
from benchmarks.jobs.registry import load

__all__ = ["enqueue"]


def enqueue(target: str, url: str, times: int, longest: float) -> dict[str, float]:
    """Enqueue one job after another, with no worker.

    Args:
        target: The contender.
        url: Its empty store.
        times: How often.
        longest: Seconds after which it ends all the same.
    """
    asyncio.run(load(target, url).prepare())
    return uvloop.run(_enqueue(target, url, times, longest))


async def _enqueue(target: str, url: str, times: int, longest: float) -> dict[str, float]:
    async with load(target, url).enqueuing() as store:

        async def once() -> None:
            commit = await store()
            await commit()

        return await alternate({"enqueue": once}, times, longest)
