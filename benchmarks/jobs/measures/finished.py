"""How fast jobs are worked off beside two million that have ended, and how the database goes about it."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from typing import Any

from sqlalchemy import text

from benchmarks.jobs.contenders.loopline_jobs import LooplineJobs
from benchmarks.jobs.filling import filling
from benchmarks.jobs.measures.drain import work_off
from benchmarks.jobs.plans import explain

__all__ = ["finished"]

# Ended within the last twenty hours, so that none is old enough to be deleted.
_NUMBERS = {
    "postgresql": "generate_series(1, {count}) AS numbers (n)",
    "sqlite": "(WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) SELECT n FROM c)",
}
_NOW = {"postgresql": "extract(epoch FROM now())", "sqlite": "((julianday('now') - 2440587.5) * 86400.0)"}
_ENDED = """
    INSERT INTO loopline_jobs (task, queue, state, priority, arguments, attempt, max_attempts, timeout, worker,
        created_at, run_at, started_at, deadline, finished_at)
    SELECT 'benchmarks.jobs.tasks.noop', 'default', 'completed', 0, '{{}}', 1, 5, 300, 1,
        {now} - n % 72000, {now} - n % 72000, {now} - n % 72000, {now} - n % 72000 + 300, {now} - n % 72000
    FROM {numbers}"""


def finished(target: str, url: str, other: str, rows: int, jobs: int, rounds: int, longest: float) -> dict[str, Any]:
    """Work jobs off in one process, beside ended ones and beside none, in turn.

    Args:
        target: Loopline.
        url: An empty store, which gets the ended jobs.
        other: Another one, which does not.
        rows: How many have ended.
        jobs: How many are worked off, each time.
        rounds: How often.
        longest: Seconds after which what has been completed by then is the result.
    """
    for place in (url, other):
        asyncio.run(LooplineJobs(place).prepare())
    began = time.perf_counter()
    with filling(url):
        asyncio.run(_end_many(LooplineJobs(url), rows))
    result: dict[str, Any] = {"rows": rows, "made_in_s": time.perf_counter() - began, "with": [], "without": []}
    for _ in range(rounds):
        for name, place in random.sample([("with", url), ("without", other)], 2):
            with filling(place):
                asyncio.run(LooplineJobs(place).fill(jobs))
            with LooplineJobs(place).counting() as left:
                result[name].append(work_off(target, place, jobs, 1, longest, left)["jobs_per_s"])
    result |= {f"{name}_per_s": statistics.median(result[name]) for name in ("with", "without")}
    asyncio.run(LooplineJobs(url).fill(jobs))  # what the plans are to look for
    return result | {"plans": asyncio.run(_plans(LooplineJobs(url)))}


async def _end_many(contender: LooplineJobs, rows: int) -> None:
    async with contender.db as db, db.begin() as session:
        kind = db.engine.dialect.name
        numbers = _NUMBERS[kind].format(count=rows)
        await session.execute(text(_ENDED.format(now=_NOW[kind], numbers=numbers)))
    async with contender.db as db, db.begin() as session:
        await session.execute(text("ANALYZE"))


async def _plans(contender: LooplineJobs) -> dict[str, list[str]]:
    async with contender.db as db, db.begin() as session:
        connection = await session.connection()
        plans = await connection.run_sync(explain)
        await session.rollback()
        return plans
