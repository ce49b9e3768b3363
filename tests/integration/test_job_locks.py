"""What an operator does with jobs, while others hold or add some on PostgreSQL: nobody waits, and nothing breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeAlias

import pytest
from sqlalchemy import text

from loopline import Database, JobQueue
from loopline.jobs import Task

pytestmark = pytest.mark.anyio

Note: TypeAlias = Task[[int], [int], Coroutine[Any, Any, None]]


@pytest.fixture
async def db(postgres_url: str) -> AsyncIterator[Database]:
    async with Database(postgres_url) as db:
        yield db


@pytest.fixture
async def jobs(db: Database) -> JobQueue:
    jobs = JobQueue(db)
    await jobs.migrate()
    return jobs


@pytest.fixture
def note(jobs: JobQueue) -> Note:
    @jobs.task(name="note")
    async def note(number: int) -> None: ...

    return note


async def _somebody_waits_for_a_lock(db: Database) -> None:
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    async with asyncio.timeout(30):
        while True:
            async with db.begin() as session:
                if await session.scalar(waiting):
                    return
            await asyncio.sleep(0.01)


async def test_a_job_that_somebody_holds_is_left_to_them(db: Database, jobs: JobQueue, note: Note) -> None:
    async with db.begin() as session:
        await jobs.enqueue_many(session, [note.job(number) for number in range(5)])
        await session.execute(text("UPDATE loopline_jobs SET state = 'discarded', finished_at = 0"))
    async with db.begin() as holding:
        held = await holding.scalar(text("SELECT id FROM loopline_jobs ORDER BY id LIMIT 1 FOR UPDATE"))
        async with asyncio.timeout(30):
            assert await jobs.operations.retry_all("discarded", task="note") == 4
        async with db.begin() as session:
            await session.execute(
                text("UPDATE loopline_jobs SET state = 'completed', finished_at = 0 WHERE id <> :id"), {"id": held}
            )
        async with asyncio.timeout(30):
            assert await jobs.operations.purge() == 4
    assert [job.id for job in await jobs.operations.find()] == [held]


@pytest.mark.parametrize("all_of_them", [True, False])
async def test_a_job_whose_unique_key_is_taken_in_this_moment_is_not_tried_again(
    db: Database, jobs: JobQueue, note: Note, all_of_them: bool
) -> None:
    async with db.begin() as session:
        first = await note.options(unique="a").enqueue(session, 1)
        other = await note.enqueue(session, 2)
    for job in (first, other):
        assert await jobs.operations.cancel(job)
    operations = jobs.operations
    async with db.begin() as session:
        await note.options(unique="a").enqueue(session, 3)
        retrying = asyncio.create_task(operations.retry_all("cancelled") if all_of_them else operations.retry(first))
        await _somebody_waits_for_a_lock(db)
    assert await retrying == (1 if all_of_them else False)
    assert [job.id for job in await operations.find(state="cancelled")] == ([first] if all_of_them else [other, first])


async def test_a_job_whose_row_is_locked_keeps_no_other_from_being_taken_from_a_worker_that_is_gone(
    db: Database, jobs: JobQueue, note: Note
) -> None:
    """As by the transaction of a host that was cut off while it completed the job."""
    store = jobs.store
    async with db.begin() as session:
        await jobs.enqueue_many(session, [note.job(number) for number in range(3)])
        connection = await session.connection()
        worker = await store.add_worker(connection, "gone")
        claimed = await store.claim(connection, worker, "default", ["note"], 3)
    async with db.begin() as cut_off:
        assert await store.complete_within(cut_off, claimed[0])
        async with asyncio.timeout(30), db.begin() as session:
            connection = await session.connection()
            assert await store.rescue(connection, worker) == 2
            assert await store.rescue_orphans(connection) == 0, "it is still held"
        await cut_off.rollback()
    async with db.begin() as session:
        assert await store.rescue_orphans(await session.connection()) == 1, "its worker is no longer known"
