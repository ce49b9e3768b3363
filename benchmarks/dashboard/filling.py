"""A database with many jobs, before the service starts on it."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from loopline import Database, JobQueue

__all__ = ["fill"]

# Of a task that nobody has: two thirds have completed, the rest waits for its time, so that there is nothing to do.
JOBS = """
    INSERT INTO loopline_jobs (task, queue, state, priority, arguments, max_attempts, timeout, created_at, run_at,
        finished_at)
    WITH RECURSIVE
        clock (now) AS (SELECT (julianday('now') - 2440587.5) * 86400.0),
        numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :jobs)
    SELECT 'nobody_has_it', 'queue ' || (n % 10), CASE WHEN n % 3 THEN 'completed' ELSE 'scheduled' END, 0, '{}', 1,
        300, now, now + 86400 + n, CASE WHEN n % 3 THEN now - n % 3600 END
    FROM numbers, clock"""


def fill(url: str, jobs: int) -> None:
    """Add jobs to an SQLite database, with the tables for them.

    Args:
        url: The database.
        jobs: How many.
    """
    asyncio.run(_fill(url, jobs))


async def _fill(url: str, jobs: int) -> None:
    async with Database(url) as db:
        await JobQueue(db).migrate()
        async with db.begin() as session:
            await session.execute(text(JOBS), {"jobs": jobs})
