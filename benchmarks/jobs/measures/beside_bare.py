"""What it takes to enqueue, beside a bare insert of the same row: in the same transaction, by the same session."""

from __future__ import annotations

import time

import uvloop
from sqlalchemy import text

from benchmarks.jobs.alternate import alternate
from benchmarks.jobs.bare import INSERT, bare_values, make_twin
from benchmarks.jobs.contenders.loopline_jobs import PLAIN, LooplineJobs

__all__ = ["beside_bare"]

NOTE = {"note": "written by a request"}


def beside_bare(target: str, url: str, times: int, longest: float) -> dict[str, float]:
    """Enqueue, and insert the same row into a table of the same shape; each alone and after a row of the application.

    Args:
        target: Loopline.
        url: Its empty store.
        times: How often each.
        longest: Seconds after which it ends all the same.
    """
    return uvloop.run(_compare(LooplineJobs(url), times, longest))


async def _compare(contender: LooplineJobs, times: int, longest: float) -> dict[str, float]:
    await contender.prepare()
    db, task = contender.db, contender.noop
    async with db:
        async with db.begin() as session:
            await make_twin(session)

        async def enqueue() -> None:
            async with db.begin() as session:
                await task.enqueue(session)

        async def bare() -> None:
            async with db.begin() as session:
                await session.execute(INSERT, bare_values(job, time.time()))

        async def row_enqueue() -> None:
            async with db.begin() as session:
                await session.execute(row, NOTE)
                await task.enqueue(session)

        async def row_bare() -> None:
            async with db.begin() as session:
                await session.execute(row, NOTE)
                await session.execute(INSERT, bare_values(job, time.time()))

        job, row = task.job(), text(PLAIN)
        kinds = {"enqueue": enqueue, "bare": bare, "row_enqueue": row_enqueue, "row_bare": row_bare}
        return await alternate(kinds, times, longest)
