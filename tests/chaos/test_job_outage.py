"""Jobs while the database is away: every one is done, and its effect is there once."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Literal

import pytest
from restartable_postgres import RestartablePostgres
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from waiting import until

from loopline import Database, JobQueue, Retry

# The short form is part of the tests; `make chaos` runs the long one.
LONG = os.environ.get("LOOPLINE_CHAOS") == "long"
OUTAGE, JOBS = (60.0, 2000) if LONG else (3.0, 300)  # seconds; of each kind, before and after
WORKERS, CONCURRENCY = 2, 10
# A worker tries again after 0.05 s at first and 2.5 s in the end, and looks for workers that are gone once a second;
# each job that runs notices for itself.
MOST_TRIES = WORKERS * (CONCURRENCY + 10 + 1.5 * OUTAGE)
MOST_LINES = WORKERS * (CONCURRENCY + 15)
LIMIT = 300.0  # seconds; it only guards against a hang

pytestmark = pytest.mark.anyio


@pytest.fixture
def server() -> Iterator[RestartablePostgres]:
    with RestartablePostgres() as server:
        yield server


@pytest.fixture
async def db(server: RestartablePostgres) -> AsyncIterator[Database]:
    """The database for those who enqueue and look; each worker has connections of its own."""
    async with Database(server.url) as db:
        async with db.begin() as session:
            await session.execute(text("CREATE TABLE counted (number INTEGER NOT NULL)"))
            await session.execute(text("CREATE TABLE counter (n INTEGER NOT NULL)"))
            await session.execute(text("INSERT INTO counter VALUES (0)"))
        yield db


class Worker:
    """Works jobs off as a process of its own would, and counts how often it tries to connect."""

    def __init__(self, url: str, go: asyncio.Event) -> None:
        self.db = Database(url)
        self.jobs = JobQueue(self.db, concurrency=CONCURRENCY, poll=0.2, lease=5.0)
        self.ran: list[int] = []
        self.waiting = 0
        self.tries = 0

        @self.jobs.transactional(name="count", retry=Retry(first=0.01, longest=0.1))
        async def count(session: AsyncSession, number: int, wait: bool) -> None:
            await session.execute(text("INSERT INTO counted VALUES (:number)"), {"number": number})
            if wait:
                self.waiting += 1
                await go.wait()
            await session.execute(text("UPDATE counter SET n = n + 1"))

        @self.jobs.task(name="note", retry=Retry(first=0.01, longest=0.1))
        async def note(number: int, wait: bool) -> None:
            if wait:
                self.waiting += 1
                await go.wait()
            self.ran.append(number)

        self.count, self.note = count, note

    async def start(self, stack: AsyncExitStack) -> None:
        """Work until the stack ends."""
        await stack.enter_async_context(self.db)
        event.listen(self.db.engine.sync_engine, "do_connect", self._count)
        await stack.enter_async_context(self.jobs)

    def _count(self, *_: object) -> None:
        self.tries += 1


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_jobs_outlast_a_database_that_is_stopped_and_started_again(
    server: RestartablePostgres,
    db: Database,
    mode: Literal["fast", "immediate"],
    caplog: pytest.LogCaptureFixture,
) -> None:
    go = asyncio.Event()
    workers = [Worker(server.url, go) for _ in range(WORKERS)]
    jobs, count, note = JobQueue(db), workers[0].count, workers[0].note

    async def enqueue(numbers: range, *, wait: bool = False) -> None:
        async with db.begin() as session:
            for task in (count, note):
                await jobs.enqueue_many(session, [task.job(number, wait) for number in numbers])

    await jobs.migrate()
    caplog.set_level(logging.WARNING, "loopline")
    async with AsyncExitStack() as stack:
        for worker in workers:
            await worker.start(stack)
        await enqueue(range(2), wait=True)
        await until(lambda: sum(worker.waiting for worker in workers) == 4)
        await enqueue(range(2, JOBS))
        await until(lambda: sum(len(worker.ran) for worker in workers) > JOBS // 10)

        await asyncio.to_thread(server.stop, mode)
        tried, said = sum(worker.tries for worker in workers), len(caplog.records)
        go.set()  # what has run since before ends while the database is away
        with pytest.raises((OSError, DBAPIError)):
            await enqueue(range(-1, 0))
        await asyncio.sleep(OUTAGE)
        assert sum(worker.tries for worker in workers) - tried < MOST_TRIES
        assert len(caplog.records) - said < MOST_LINES
        await asyncio.to_thread(server.start)

        await enqueue(range(JOBS, 2 * JOBS))
        async with asyncio.timeout(LIMIT):
            while (await jobs.operations.counts())["default"] != {"completed": 4 * JOBS}:
                await asyncio.sleep(0.05)
    assert sorted(workers[0].ran + workers[1].ran) == list(range(2 * JOBS)), "each ran once"
    async with db.begin() as session:
        assert list(await session.scalars(text("SELECT number FROM counted ORDER BY number"))) == list(range(2 * JOBS))
        assert await session.scalar(text("SELECT n FROM counter")) == 2 * JOBS
        assert await session.scalar(text("SELECT max(attempt) FROM loopline_jobs WHERE task = 'note'")) == 1
        assert await session.scalar(text("SELECT max(attempt) FROM loopline_jobs WHERE task = 'count'")) == 2
        assert await session.scalar(text("SELECT count(*) FROM loopline_workers")) == 0
