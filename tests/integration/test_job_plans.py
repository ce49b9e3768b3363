"""A worker's statements find their jobs by an index, however many have ended, and for any values."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from benchmarks.jobs.plans import NOOP, explain
from loopline import Database, JobQueue

pytestmark = pytest.mark.anyio

# Enough that to read them all is what a planner avoids, if it can.
ROWS = """
    INSERT INTO loopline_jobs (task, queue, state, priority, arguments, max_attempts, timeout, created_at, run_at,
        finished_at)
    WITH RECURSIVE
        clock (now) AS (SELECT CAST(:now AS DOUBLE PRECISION)),
        numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 30000)
    SELECT :task, 'default', CASE WHEN n % 30 = 0 THEN 'available' WHEN n % 30 = 1 THEN 'scheduled'
        WHEN n % 30 = 2 THEN 'discarded' ELSE 'completed' END, 0, '{}', 5, 300, now, now + n,
        CASE WHEN n % 30 > 1 THEN now - n % 3600 END
    FROM numbers, clock"""


async def test_no_statement_of_a_worker_reads_the_whole_table(database_url: str) -> None:
    async with Database(database_url) as db:
        jobs = JobQueue(db)
        await jobs.migrate()
        async with db.begin() as session:
            connection = await session.connection()
            await connection.execute(text(ROWS), {"task": NOOP, "now": await jobs.store.now(connection)})
        async with db.begin() as session:
            connection = await session.connection()
            await connection.execute(text("ANALYZE"))
            plans = await connection.run_sync(explain)
            await session.rollback()
    kinds = {name.partition(",")[0] for name in plans}
    assert kinds == {"claim", "complete", "promote", "next_due", "prune_completed", "prune_failed"}
    reads_all = {
        name: line
        for name, plan in plans.items()
        for line in plan
        if "Seq Scan on loopline_jobs" in line or line == "SCAN loopline_jobs"
    }
    assert reads_all == {}
