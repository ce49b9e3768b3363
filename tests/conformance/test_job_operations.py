"""What an operator does with jobs, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest
from sqlalchemy import create_engine, text
from waiting import until

from loopline import ConfigurationError, Database, JobQueue, Retry
from loopline.database.url import sync_url
from loopline.jobs import Task, bulk
from loopline.jobs.statements import NOW

pytestmark = pytest.mark.anyio

Fail: TypeAlias = Task[[int], [int], Coroutine[Any, Any, None]]


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as db:
        yield db


@pytest.fixture
async def jobs(db: Database) -> JobQueue:
    jobs = JobQueue(db, queues=["default", "mail"], poll=0.05)
    await jobs.migrate()
    return jobs


@pytest.fixture
def mended() -> list[bool]:
    """Whether the task ``fail`` fails no more."""
    return []


@pytest.fixture
def task(jobs: JobQueue, mended: list[bool]) -> Fail:
    @jobs.task(name="fail", retry=Retry(attempts=1))
    async def fail(order_id: int) -> None:
        if not mended:
            raise LookupError(f"no order {order_id}")

    return fail


async def _ended(jobs: JobQueue, job: int) -> None:
    async with asyncio.timeout(30):
        while (found := await jobs.operations.get(job)) is None or found.finished_at is None:
            await asyncio.sleep(0.01)


async def test_a_discarded_job_is_looked_at_and_tried_again(
    db: Database, jobs: JobQueue, task: Fail, mended: list[bool]
) -> None:
    began = datetime.now(UTC)
    async with jobs:
        async with db.begin() as session:
            number = await task.options(priority=3, unique="a").enqueue(session, 7)
        await _ended(jobs, number)
        job = await jobs.operations.get(number)
        assert job is not None
        assert (job.task, job.arguments, job.state, job.queue) == ("fail", {"order_id": 7}, "discarded", "default")
        assert (job.priority, job.attempt, job.max_attempts, job.unique_key) == (3, 1, 1, "fail:a")
        assert job.finished_at is not None
        assert abs(job.created_at - began) < timedelta(minutes=10)
        assert job.created_at <= job.finished_at
        [failure] = job.failures
        assert (failure.attempt, failure.error) == (1, "LookupError: no order 7")
        assert "raise LookupError" in failure.traceback
        mended.append(True)
        assert await jobs.operations.retry(number)
        await _ended(jobs, number)
        job = await jobs.operations.get(number)
        assert job is not None
        assert (job.state, job.attempt, job.max_attempts) == ("completed", 2, 2)
    assert not await jobs.operations.retry(number)
    assert not await jobs.operations.retry(404)
    assert await jobs.operations.get(404) is None


async def test_a_job_is_not_tried_again_beside_another_with_its_unique_key(
    db: Database, jobs: JobQueue, task: Fail
) -> None:
    once = task.options(unique="a")
    async with db.begin() as session:
        first = await once.enqueue(session, 1)
    assert await jobs.operations.cancel(first)
    async with db.begin() as session:
        second = await once.enqueue(session, 2)
    assert second > first
    assert not await jobs.operations.retry(first)
    assert await jobs.operations.cancel(second)
    assert await jobs.operations.retry(first)


async def test_a_job_is_cancelled_while_it_waits_and_while_it_runs(db: Database, jobs: JobQueue) -> None:
    started, cancelled = asyncio.Event(), []

    @jobs.task
    async def hang() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async with jobs:
        async with db.begin() as session:
            waits = await hang.options(delay=3600).enqueue(session)
            runs = await hang.enqueue(session)
        await started.wait()
        assert await jobs.operations.cancel(waits)
        assert await jobs.operations.cancel(runs)
        await _ended(jobs, runs)
        for number in (waits, runs):
            job = await jobs.operations.get(number)
            assert job is not None
            assert job.state == "cancelled"
            assert not await jobs.operations.cancel(number)
    assert cancelled == [True]


async def test_a_paused_queue_begins_nothing_until_it_is_resumed(db: Database, jobs: JobQueue) -> None:
    ran: list[str] = []

    @jobs.task
    async def note(what: str) -> None:
        ran.append(what)

    await jobs.operations.pause("mail")
    await jobs.operations.pause("mail")
    assert await jobs.operations.paused() == ["mail"]
    assert await jobs.operations.counts() == {"mail": {}}
    async with jobs:
        async with db.begin() as session:
            held = await note.options(queue="mail").enqueue(session, "mail")
            await note.enqueue(session, "other")
        await until(lambda: ran == ["other"])
        assert await jobs.operations.resume("mail")
        assert not await jobs.operations.resume("mail")
        await _ended(jobs, held)
        assert await jobs.operations.counts() == {"default": {"completed": 1}, "mail": {"completed": 1}}
    assert ran == ["other", "mail"]


async def test_jobs_are_found_by_what_they_are_and_page_by_page(db: Database, jobs: JobQueue, task: Fail) -> None:
    async with db.begin() as session:
        await jobs.enqueue_many(session, [task.job(number) for number in range(5)])
        later = await task.options(delay=60, queue="mail").enqueue(session, 9)
    find = jobs.operations.find
    assert [job.arguments["order_id"] for job in await find()] == [9, 4, 3, 2, 1, 0]
    first = await find(state="available", limit=2)
    assert [job.arguments["order_id"] for job in first] == [4, 3]
    assert [job.arguments["order_id"] for job in await find(queue="default", before=first[-1].id)] == [2, 1, 0]
    assert [job.id for job in await find(state="scheduled", task="fail")] == [later]
    assert await find(task="'; DROP TABLE loopline_jobs; --") == []
    for limit in (0, 1001):
        with pytest.raises(ConfigurationError, match="1 to 1000"):
            await find(limit=limit)


async def test_jobs_that_have_ended_are_purged_and_no_others(db: Database, jobs: JobQueue, task: Fail) -> None:
    async with db.begin() as session:
        await jobs.enqueue_many(session, [task.job(number) for number in range(4)])
        for job, state in enumerate(("completed", "discarded", "cancelled"), 1):
            await session.execute(
                text("UPDATE loopline_jobs SET state = :state, finished_at = created_at - 100.0 WHERE id = :id"),
                {"state": state, "id": job},
            )
    purge = jobs.operations.purge
    assert await purge(older_than=timedelta(hours=1)) == 0
    assert await purge(["completed"]) == 1
    assert await purge() == 2
    assert [job.state for job in await jobs.operations.find()] == ["available"]
    with pytest.raises(ConfigurationError, match="running: only jobs that have ended"):
        await purge(["running"])


MANY = 5000


async def _many(db: Database, jobs: JobQueue, task: Fail, state: str, count: int = MANY) -> None:
    """Store very many jobs that have ended in this state."""
    async with db.begin() as session:
        await jobs.enqueue_many(session, [task.job(number) for number in range(count)])
        ended = "attempt = max_attempts, finished_at = created_at - 100.0"
        await session.execute(text(f"UPDATE loopline_jobs SET state = :state, {ended}"), {"state": state})


@pytest.mark.parametrize("state", ["completed", "discarded"])
async def test_very_many_jobs_are_purged_in_transactions_of_a_limited_size(
    db: Database, jobs: JobQueue, task: Fail, state: str
) -> None:
    await _many(db, jobs, task, state)
    told: list[tuple[int, int]] = []
    assert await jobs.operations.purge(progress=lambda *so_far: told.append(so_far)) == MANY
    assert told == [(done, MANY) for done in range(1000, MANY + 1, 1000)]
    assert await jobs.operations.counts() == {}


async def test_very_many_jobs_are_tried_again_in_transactions_of_a_limited_size(
    db: Database, jobs: JobQueue, task: Fail, mended: list[bool]
) -> None:
    await _many(db, jobs, task, "discarded")
    told: list[tuple[int, int]] = []
    retried = await jobs.operations.retry_all("discarded", task="fail", progress=lambda *so_far: told.append(so_far))
    assert retried == MANY
    assert told == [(done, MANY) for done in range(1000, MANY + 1, 1000)]
    mended.append(True)
    async with jobs:
        async with asyncio.timeout(60):
            while await jobs.operations.counts() != {"default": {"completed": MANY}}:
                await asyncio.sleep(0.05)


@pytest.fixture
def meanwhile(db: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Let a statement run after each transaction, of which each is about one job."""
    monkeypatch.setattr(bulk, "CHUNK", 1)
    engine = create_engine(sync_url(db.engine.url))

    def make(statement: str) -> Callable[[int, int], None]:
        def progress(_: int, __: int) -> None:
            time.sleep(0.002)  # SQLite's clock knows milliseconds
            with engine.begin() as connection:
                connection.execute(text(statement.replace("{now}", NOW[db.engine.dialect.name])), {"shift": 0.0})

        return progress

    yield make
    engine.dispose()


async def test_jobs_that_fail_again_meanwhile_are_not_tried_for_ever(
    db: Database, jobs: JobQueue, task: Fail, meanwhile: Callable[[str], Callable[[int, int], None]]
) -> None:
    await _many(db, jobs, task, "discarded", 5)
    fail = "UPDATE loopline_jobs SET state = 'discarded', finished_at = {now} WHERE state = 'available'"
    async with asyncio.timeout(30):
        assert await jobs.operations.retry_all("discarded", progress=meanwhile(fail)) == 5


async def test_jobs_that_end_meanwhile_are_not_purged(
    db: Database, jobs: JobQueue, task: Fail, meanwhile: Callable[[str], Callable[[int, int], None]]
) -> None:
    await _many(db, jobs, task, "completed", 5)
    async with db.begin() as session:
        await jobs.enqueue_many(session, [task.job(number) for number in range(3)])
    end = "UPDATE loopline_jobs SET state = 'completed', finished_at = {now} WHERE state = 'available'"
    assert await jobs.operations.purge(progress=meanwhile(end)) == 5
    assert await jobs.operations.counts() == {"default": {"completed": 3}}


async def test_jobs_to_be_tried_again_are_chosen_by_what_they_are(db: Database, jobs: JobQueue, task: Fail) -> None:
    @jobs.task(name="other", queue="mail")
    async def other() -> None: ...

    async with db.begin() as session:
        await jobs.enqueue_many(session, [task.job(1), task.options(queue="mail").job(2), other.job()])
        await session.execute(text("UPDATE loopline_jobs SET state = 'cancelled', finished_at = created_at"))
    retry_all = jobs.operations.retry_all
    assert await retry_all("discarded") == 0
    assert await retry_all("cancelled", task="fail", queue="mail") == 1
    assert await retry_all("cancelled", task="fail") == 1
    assert [job.task for job in await jobs.operations.find(state="cancelled")] == ["other"]
    with pytest.raises(ConfigurationError, match="running: only jobs in these states"):
        await retry_all("running")


async def test_of_jobs_with_one_unique_key_one_is_tried_again(db: Database, jobs: JobQueue, task: Fail) -> None:
    numbers = []
    for _ in range(3):
        async with db.begin() as session:
            numbers.append(await task.options(unique="a").enqueue(session, 1))
        await jobs.operations.cancel(numbers[-1])
    assert await jobs.operations.retry_all("cancelled") == 1
    assert [job.id for job in await jobs.operations.find(state="available")] == numbers[:1]
    assert await jobs.operations.retry_all("cancelled") == 0
