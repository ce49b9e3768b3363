"""How fast transactional tasks are worked off, and how fast the same transactions are without a job queue."""

from __future__ import annotations

import asyncio
import time

import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from benchmarks.jobs.contenders.loopline_jobs import PLAIN, SESSIONS, LooplineJobs
from benchmarks.jobs.filling import filling
from benchmarks.jobs.measures.drain import work_off
from loopline.jobs.statements import Statements

__all__ = ["transactional"]


def transactional(target: str, url: str, jobs: int, bare: bool, longest: float) -> dict[str, float]:
    """Work jobs off that write a row each, in one worker process.

    Args:
        target: Loopline.
        url: Its empty store.
        jobs: How many.
        bare: Whether to do the same transactions in a loop instead: an insert and the completing update, as many at
            once. It claims nothing, and knows the jobs beforehand.
        longest: Seconds after which what has been completed by then is the result.
    """
    asyncio.run(LooplineJobs(url).prepare())
    with filling(url):
        asyncio.run(LooplineJobs(url).fill_transactional(jobs))
        if bare:
            asyncio.run(_claim_all(LooplineJobs(url)))
    if bare:
        return uvloop.run(_loop(LooplineJobs(url), longest))
    with LooplineJobs(url).counting() as left:
        return work_off(target, url, jobs, 1, longest, left)


async def _claim_all(contender: LooplineJobs) -> None:
    async with contender.db as db, db.begin() as session:
        await session.execute(text("UPDATE loopline_jobs SET state = 'running', attempt = 1, worker = 1"))


async def _loop(contender: LooplineJobs, longest: float) -> dict[str, float]:
    async with contender.db as db:
        async with db.begin() as session:
            left = list(await session.scalars(text("SELECT id FROM loopline_jobs ORDER BY id DESC")))
        at_once = 1 if db.engine.dialect.name == "sqlite" else SESSIONS
        await asyncio.gather(*(_connect(db.engine) for _ in range(at_once)))
        jobs, began = len(left), time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(_complete(db.engine, left, began + longest))
        seconds = time.perf_counter() - began
    completed = jobs - len(left)
    return {"jobs_per_s": completed / seconds, "completed": completed, "seconds": seconds}


async def _connect(engine: AsyncEngine) -> None:
    """Have one more connection in the pool: to make them is not measured."""
    async with AsyncSession(engine) as session:
        await session.execute(text("SELECT 1"))
        await asyncio.sleep(0.1)


async def _complete(engine: AsyncEngine, left: list[int], end: float) -> None:
    write, done = text(PLAIN), Statements(engine.dialect.name).complete_one
    while left and time.perf_counter() < end:
        job = left.pop()
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            await session.execute(write, {"note": "written by a job"})
            await session.execute(done, {"id": job, "attempt": 1, "shift": 0.0})
