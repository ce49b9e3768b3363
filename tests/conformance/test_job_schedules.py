"""Schedules on SQLite and PostgreSQL: each time once, however many processes have them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from waiting import until

from loopline import Database, JobQueue
from loopline.jobs import Task
from loopline.jobs.scheduler import Scheduler
from loopline.jobs.testing import enqueued, shifted

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as db:
        yield db


@pytest.fixture
async def jobs(db: Database) -> JobQueue:
    jobs = JobQueue(db)
    await jobs.migrate()
    return jobs


@pytest.fixture
def tick(jobs: JobQueue) -> Task[..., Any, Any]:
    @jobs.task(name="tick")
    async def tick(what: str) -> None: ...

    return tick


async def _look(jobs: JobQueue) -> float:
    """Look once what is due, as the scheduler of a process does."""
    scheduler = Scheduler(jobs.db, jobs.store, list(jobs._schedules.values()), lambda _: None)
    async with jobs.db.begin() as session:
        return await scheduler.enqueue_due(session)


async def _what(jobs: JobQueue) -> list[str]:
    return sorted(job.arguments["what"] for job in await enqueued(jobs))


async def test_a_schedule_begins_now_and_is_enqueued_at_each_of_its_times(
    jobs: JobQueue, tick: Task[..., Any, Any]
) -> None:
    jobs.cron("0 * * * *", tick.job("hourly"))
    wait = await _look(jobs)
    assert 0 < wait <= 60
    assert await _what(jobs) == []
    for hours in (1, 2):
        with shifted(jobs, hours * HOUR):
            await _look(jobs)
            await _look(jobs)
            assert await _what(jobs) == ["hourly"] * hours


async def test_times_that_were_missed_are_made_up_for_once_or_not_at_all(
    jobs: JobQueue, tick: Task[..., Any, Any]
) -> None:
    jobs.cron("30 * * * *", tick.job("once"))
    jobs.cron("30 * * * *", tick.job("skip"), name="skipping", missed="skip")
    await _look(jobs)
    # 15 minutes past the last of many times
    now = await _now(jobs)
    past = timedelta(seconds=86400 + (45 * 60 - now) % 3600)
    with shifted(jobs, past):
        await _look(jobs)
        assert await _what(jobs) == ["once"]
    with shifted(jobs, past + timedelta(minutes=45, seconds=1)):
        await _look(jobs)
        assert await _what(jobs) == ["once", "once", "skip"]


async def _now(jobs: JobQueue) -> float:
    async with jobs.db.begin() as session:
        return await jobs.store.now(await session.connection())


async def test_of_many_that_look_at_the_same_time_one_enqueues(jobs: JobQueue, tick: Task[..., Any, Any]) -> None:
    jobs.every(3600, tick.job("hourly"))
    await asyncio.gather(*(_look(jobs) for _ in range(5)))
    with shifted(jobs, HOUR):
        await asyncio.gather(*(_look(jobs) for _ in range(5)))
        assert await _what(jobs) == ["hourly"]


async def test_a_worker_enqueues_by_schedule_and_runs_it(db: Database, jobs: JobQueue) -> None:
    ran: list[str] = []

    @jobs.task
    async def note(what: str) -> None:
        ran.append(what)

    jobs.every(1, note.job("tick"))
    async with jobs:
        await until(lambda: len(ran) >= 2)
