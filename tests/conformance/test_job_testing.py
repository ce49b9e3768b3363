"""What helps to test code that enqueues jobs, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from loopline import Database, JobQueue, LooplineError, Retry
from loopline.jobs import Snooze, current_job
from loopline.jobs.testing import drain, enqueued, shifted

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as db:
        async with db.begin() as session:
            await session.execute(text("CREATE TABLE effects (what TEXT NOT NULL)"))
        yield db


@pytest.fixture
async def jobs(db: Database) -> JobQueue:
    jobs = JobQueue(db, queues=["default", "bulk"])
    await jobs.migrate()
    return jobs


async def test_what_was_enqueued_can_be_looked_at(db: Database, jobs: JobQueue) -> None:
    @jobs.task
    def mail(to: str) -> None: ...

    @jobs.task
    def other() -> None: ...

    async with db.begin() as session:
        await mail.options(delay=60, queue="bulk").enqueue(session, "Ada")
        await other.enqueue(session)
        await mail.enqueue(session, "Grace")
    assert [job.arguments for job in await enqueued(jobs)] == [{"to": "Ada"}, {}, {"to": "Grace"}]
    assert [job.arguments["to"] for job in await enqueued(jobs, mail)] == ["Ada", "Grace"]


async def test_a_drain_runs_what_is_due_and_what_that_enqueues(db: Database, jobs: JobQueue) -> None:
    ran: list[int] = []

    @jobs.transactional
    async def first(session: AsyncSession) -> None:
        await session.execute(text("INSERT INTO effects VALUES ('first')"))
        await then.options(queue="bulk").enqueue(session, 2)

    @jobs.task
    def then(number: int) -> None:
        ran.append(number)

    async with db.begin() as session:
        await first.enqueue(session)
        await then.options(delay=3600).enqueue(session, 3)
    assert [(job.task, job.state) for job in await drain(jobs)] == [(first.name, "completed"), (then.name, "completed")]
    assert ran == [2]
    with shifted(jobs, timedelta(hours=2)):
        assert len(await drain(jobs)) == 1
    assert ran == [2, 3]
    assert await enqueued(jobs) == []
    async with db.begin() as session:
        assert await session.scalar(text("SELECT count(*) FROM effects")) == 1
        assert await session.scalar(text("SELECT count(*) FROM loopline_workers")) == 0


async def test_a_drain_raises_what_a_task_raises_and_stores_it_all_the_same(db: Database, jobs: JobQueue) -> None:
    @jobs.task(retry=Retry(first=60))
    async def fail() -> None:
        if current_job.get().attempt == 1:
            raise LookupError("not yet")

    async with db.begin() as session:
        await fail.enqueue(session)
    with pytest.raises(LookupError, match="not yet"):
        await drain(jobs)
    [job] = await enqueued(jobs)
    assert (job.state, job.attempt) == ("retryable", 1)
    assert await drain(jobs) == []
    with shifted(jobs, timedelta(minutes=2)):
        assert [job.state for job in await drain(jobs)] == ["completed"]


async def test_a_snoozed_job_and_one_of_an_unknown_task(db: Database, jobs: JobQueue) -> None:
    @jobs.task(name="later")
    async def later() -> None:
        raise Snooze(60)

    async with db.begin() as session:
        await later.enqueue(session)
    assert [job.state for job in await drain(jobs)] == ["scheduled"]
    stranger = JobQueue(db)
    with shifted(stranger, timedelta(minutes=2)), pytest.raises(LooplineError, match="does not have: later"):
        await drain(stranger)
    assert [job.state for job in await enqueued(jobs)] == ["available"]


async def test_a_drain_inside_a_test_s_own_session_leaves_nothing_behind(db: Database, jobs: JobQueue) -> None:
    @jobs.transactional
    async def write(session: AsyncSession) -> None:
        await session.execute(text("INSERT INTO effects VALUES ('gone')"))

    async with db.engine.connect() as connection:
        outer = AsyncSession(connection, expire_on_commit=False)
        with db.override(outer):
            async with db.begin() as session:
                await write.enqueue(session)
            assert [job.state for job in await drain(jobs)] == ["completed"]
        await outer.rollback()
        await outer.close()
    async with db.begin() as session:
        assert await session.scalar(text("SELECT count(*) FROM effects")) == 0
        assert await session.scalar(text("SELECT count(*) FROM loopline_jobs")) == 0
