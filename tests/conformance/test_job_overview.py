"""How the jobs stand, and which there are: right on both databases, and at a bounded cost."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from loopline import Database, JobQueue
from loopline.jobs import search as search_module
from loopline.jobs.overview import overview
from loopline.jobs.search import search

pytestmark = pytest.mark.anyio

STATES = ("scheduled", "available", "running", "retryable", "completed", "cancelled", "discarded")


@pytest.fixture
async def jobs(database_url: str) -> AsyncIterator[JobQueue]:
    """A queue of which nothing is run."""
    async with Database(database_url) as db:
        jobs = JobQueue(db)
        await jobs.migrate()
        yield jobs


async def add(
    jobs: JobQueue, state: str, *, queue: str = "default", task: str = "t", ago: float = 0, many: int = 1
) -> None:
    """Add jobs as they are after a while."""
    now = "extract(epoch FROM now())" if jobs.store.dialect == "postgresql" else "strftime('%s', 'now')"
    ended = state in ("completed", "cancelled", "discarded")
    statement = text(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :many) "
        "INSERT INTO loopline_jobs (task, queue, state, priority, arguments, max_attempts, timeout, created_at, run_at,"
        " finished_at) "
        f"SELECT :task, :queue, :state, 0, '{{}}', 1, 300, {now}, {now} - :ago, {f'{now} - :ago' if ended else 'NULL'} "
        "FROM numbers"
    )
    async with jobs.db.begin() as session:
        values = {"task": task, "queue": queue, "state": state, "many": many, "ago": ago}
        await session.execute(statement, values)


async def test_every_job_is_counted_in_its_queue_and_state(jobs: JobQueue) -> None:
    for number, state in enumerate(STATES, 1):
        await add(jobs, state, many=number)
    await add(jobs, "available", queue="mail")
    await jobs.operations.pause("empty")
    found = await overview(jobs.db)
    assert found.counts["default"] == {state: number for number, state in enumerate(STATES, 1)}
    assert found.counts["mail"] == {"available": 1}
    assert found.counts["empty"] == {}
    assert found.paused == {"empty"}
    assert found.more == frozenset()
    assert found.counts == await jobs.operations.counts()


async def test_without_jobs_there_is_nothing(jobs: JobQueue) -> None:
    found = await overview(jobs.db)
    assert (found.counts, found.throughput, found.workers, found.oldest) == ({}, {}, 0, {})


async def test_no_more_jobs_are_counted_than_that_and_it_says_so(jobs: JobQueue) -> None:
    await add(jobs, "available", many=130)
    await add(jobs, "completed", many=30)
    await add(jobs, "discarded", many=5)
    found = await overview(jobs.db, most=10)
    assert found.counts["default"] == {"available": 101, "completed": 11, "discarded": 5}
    assert found.more == {"available", "completed"}


async def test_the_throughput_is_that_of_the_last_minute(jobs: JobQueue) -> None:
    await add(jobs, "completed", many=30, ago=20)
    await add(jobs, "completed", many=100, ago=90)
    await add(jobs, "discarded", many=6, ago=5)
    await add(jobs, "cancelled", many=6, ago=5)
    found = (await overview(jobs.db)).throughput["default"]
    assert (found.completed, found.failed) == (0.5, 0.2)


async def test_of_very_many_that_ended_the_last_ones_tell_the_throughput(jobs: JobQueue) -> None:
    await add(jobs, "completed", many=50, ago=50)
    await add(jobs, "completed", many=100, ago=10)
    found = (await overview(jobs.db, most=100)).throughput["default"]
    assert 7 < found.completed <= 11


async def test_the_head_of_the_line_tells_how_long_it_has_waited(jobs: JobQueue) -> None:
    await add(jobs, "available", ago=120)
    await add(jobs, "available", ago=5)
    found = (await overview(jobs.db)).oldest
    assert found.keys() == {"default"}
    assert 119 <= found["default"] < 180


@pytest.mark.parametrize("state", STATES)
async def test_a_job_is_found_by_its_state(jobs: JobQueue, state: str) -> None:
    for each in STATES:
        await add(jobs, each, many=3)
    found = await search(jobs.db, state=state)  # type: ignore[arg-type] # one of them
    assert [job.state for job in found.jobs] == [state] * 3
    ids = [job.id for job in found.jobs]
    assert ids == sorted(ids, reverse=True)
    assert (found.more, found.complete) == (False, True)


async def test_a_job_is_found_by_its_task_and_queue_and_read_on_after(jobs: JobQueue) -> None:
    await add(jobs, "completed", many=5)
    await add(jobs, "completed", task="other", many=4)
    await add(jobs, "completed", task="other", queue="mail", many=3)
    assert len((await search(jobs.db, task="other")).jobs) == 7
    assert len((await search(jobs.db, task="other", queue="mail", state="completed")).jobs) == 3
    first = await search(jobs.db, limit=8)
    assert first.more
    second = await search(jobs.db, limit=8, before=first.jobs[-1].id)
    assert not second.more
    assert len({job.id for job in (*first.jobs, *second.jobs)}) == 12


async def test_only_so_many_are_looked_at_and_it_says_so(jobs: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "LOOKED_AT", 10)
    await add(jobs, "completed", task="rare", many=1, ago=50)
    await add(jobs, "completed", many=20)
    found = await search(jobs.db, task="rare", state="completed")
    assert (found.jobs, found.complete) == ([], False)
    assert len((await search(jobs.db, task="t", state="completed")).jobs) == 10


async def test_long_arguments_are_not_in_a_list(jobs: JobQueue) -> None:
    await add(jobs, "available")
    async with jobs.db.begin() as session:
        await session.execute(
            text("""UPDATE loopline_jobs SET arguments = '{"text": "' || :long || '"}'"""), {"long": "x" * 5000}
        )
    assert (await search(jobs.db)).jobs[0].arguments == {}
