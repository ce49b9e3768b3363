"""A rolling deploy: for a while workers of two versions of the code share the jobs. Nothing is lost, none fails."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from loopline import Database, JobQueue, Retry
from loopline.jobs import NewJob

# The short form is part of the tests; `make chaos` runs the long one.
LONG = os.environ.get("LOOPLINE_CHAOS") == "long"
WORKERS, JOBS = (4, 500) if LONG else (2, 40)  # of each version; of each kind, and as many of each
LIMIT = 300.0  # seconds; it only guards against a hang

pytestmark = pytest.mark.anyio

Ran = list[tuple[str, str, int]]  # by which version, what, and its number


def old_version(db: Database, ran: Ran) -> JobQueue:
    """The code before the deploy."""
    jobs = JobQueue(db, concurrency=5, poll=0.05)

    @jobs.task(name="receipt", retry=Retry(attempts=1))
    async def receipt(number: int) -> None:
        ran.append(("old", "receipt", number))

    @jobs.task(name="mail", retry=Retry(attempts=1))
    async def mail(number: int) -> None:
        ran.append(("old", "mail", number))

    return jobs


def new_version(db: Database, ran: Ran) -> JobQueue:
    """The code after it: one task has another argument, one is new, one has another name."""
    jobs = JobQueue(db, concurrency=5, poll=0.05)

    @jobs.task(name="receipt", retry=Retry(attempts=1))
    async def receipt(number: int, currency: str = "EUR") -> None:
        ran.append(("new", "receipt", number))

    @jobs.task(name="report", retry=Retry(attempts=1))
    async def report(number: int) -> None:
        ran.append(("new", "report", number))

    @jobs.task(name="letter", aliases=["mail"], retry=Retry(attempts=1))
    async def letter(number: int) -> None:
        ran.append(("new", "mail", number))

    return jobs


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as db:
        await JobQueue(db).migrate()
        yield db


async def _enqueue(jobs: JobQueue, new: list[NewJob]) -> None:
    async with jobs.db.begin() as session:
        await jobs.enqueue_many(session, new)


async def test_workers_of_two_versions_share_the_jobs_and_none_is_lost_or_fails(db: Database) -> None:
    ran: Ran = []
    numbers = range(JOBS)
    olds = [old_version(db, ran) for _ in range(WORKERS)]
    news = [new_version(db, ran) for _ in range(WORKERS)]
    async with AsyncExitStack() as rest:
        async with AsyncExitStack() as first:
            for jobs in olds:
                await first.enter_async_context(jobs)
            await _enqueue(olds[0], [olds[0].tasks[name].job(n) for n in numbers for name in ("receipt", "mail")])
            # the new web processes come first: nobody can do yet what they enqueue
            make = news[0].tasks
            await _enqueue(news[0], [make["receipt"].job(JOBS + n, currency="CHF") for n in numbers])
            await _enqueue(news[0], [make["receipt"].job(2 * JOBS + n) for n in numbers])
            await _enqueue(news[0], [make[name].job(JOBS + n) for n in numbers for name in ("report", "letter")])
            for jobs in news:
                await rest.enter_async_context(jobs)
            await _enqueue(
                olds[0], [olds[0].tasks[name].job(3 * JOBS + n) for n in numbers for name in ("receipt", "mail")]
            )
        async with asyncio.timeout(LIMIT):
            while (await news[0].operations.counts())["default"] != {"completed": 8 * JOBS}:
                await asyncio.sleep(0.05)
    done = sorted((what, number) for _, what, number in ran)
    expected = (
        [("mail", n) for n in numbers]
        + [("mail", JOBS + n) for n in numbers]
        + [("mail", 3 * JOBS + n) for n in numbers]
    )
    expected += [("receipt", n) for n in range(4 * JOBS)] + [("report", JOBS + n) for n in numbers]
    assert done == sorted(expected), "each ran once"
    by_old = {(what, number) for version, what, number in ran if version == "old"}
    assert not any(what == "report" or JOBS <= number < 2 * JOBS for what, number in by_old), "it left what it can't do"
    async with db.begin() as session:
        assert await session.scalar(text("SELECT count(*) FROM loopline_failures")) == 0
