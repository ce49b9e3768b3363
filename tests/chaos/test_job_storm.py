"""Fifty workers that all connect at once, to a server that does not take so many: it recovers, and nothing is lost."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import psycopg
import pytest
from restartable_postgres import RestartablePostgres
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from loopline import Database, DatabaseBusy, JobQueue, Retry

# The short form is part of the tests; `make chaos` runs the long one.
LONG = os.environ.get("LOOPLINE_CHAOS") == "long"
WORKERS = 50
JOBS, STORMS, CONNECTIONS = (5000, 10, WORKERS) if LONG else (200, 1, 2 * WORKERS)  # each worker wants up to five
OFTEN = 1000  # attempts: what loses its connection that often is no poison here
LEASE = 3.0  # seconds
LIMIT = 600.0 if LONG else 300.0  # seconds; it only guards against a hang

# Not watched: so many workers on one event loop are slow by themselves.
pytestmark = [pytest.mark.anyio, pytest.mark.loopline(off=True)]


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """Hundreds of complaints, each with its traceback, would take longer to note than the rest of it."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def server() -> Iterator[RestartablePostgres]:
    with RestartablePostgres() as server:
        yield server


def _allow(server: RestartablePostgres, connections: int) -> None:
    """Let the server take so many connections, those for its administrator not counted."""
    with psycopg.connect(server.uri, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET max_connections = {connections + 3}".encode())
    server.restart()


@pytest.fixture
async def admin(server: RestartablePostgres) -> AsyncIterator[Database]:
    """Has a connection of those that are kept for the administrator."""
    with psycopg.connect(server.uri, autocommit=True) as connection:
        connection.execute("CREATE ROLE app LOGIN")
        connection.execute("GRANT ALL ON SCHEMA public TO app")
    async with Database(server.url, pool_size=1) as admin:
        yield admin


def _jobs_of(db: Database) -> JobQueue:
    jobs = JobQueue(db, concurrency=4, poll=1.0, lease=LEASE)

    @jobs.transactional(name="count", retry=Retry(attempts=OFTEN, first=0.01, longest=0.1))
    async def count(session: AsyncSession, number: int) -> None:
        await session.execute(text("INSERT INTO counted VALUES (:number)"), {"number": number})
        await session.execute(text("UPDATE counter SET n = n + 1"))

    return jobs


async def _start(stack: AsyncExitStack, url: str) -> None:
    """Start a worker, again if it can't, as whatever looks after processes does."""
    db = Database(url, pool_size=3)
    await stack.enter_async_context(db)
    jobs = _jobs_of(db)
    while True:
        try:
            await stack.enter_async_context(jobs)
        except (OSError, DBAPIError, DatabaseBusy):
            await asyncio.sleep(0.2)
        else:
            return


async def test_more_workers_than_a_server_has_connections_for_lose_nothing_and_all_work_once_it_has(
    server: RestartablePostgres, admin: Database
) -> None:
    url = make_url(server.url).set(username="app").render_as_string(hide_password=False)
    await asyncio.to_thread(_allow, server, CONNECTIONS)

    async def ask(question: str) -> int:
        async with asyncio.timeout(LIMIT):
            while True:
                try:
                    async with admin.begin() as session:
                        return await session.scalar(text(question)) or 0
                except (OSError, DBAPIError, DatabaseBusy):
                    await asyncio.sleep(0.05)

    async with Database(url, pool_size=1) as db:
        jobs = _jobs_of(db)
        await jobs.migrate()
        async with db.begin() as session:
            await session.execute(text("CREATE TABLE counted (number INTEGER PRIMARY KEY)"))
            await session.execute(text("CREATE TABLE counter (n INTEGER NOT NULL)"))
            await session.execute(text("INSERT INTO counter VALUES (0)"))
            await jobs.enqueue_many(session, [jobs.tasks["count"].job(number) for number in range(JOBS)])
    async with asyncio.timeout(LIMIT), AsyncExitStack() as stack:
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(_start(stack, url))
            for storm in range(STORMS):
                while await ask("SELECT count(*) FROM counted") < JOBS * (storm + 1) // (STORMS + 1):
                    await asyncio.sleep(0.05)
                await ask(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'app'"
                )  # all come back at once
            while await ask("SELECT count(*) FROM loopline_jobs WHERE state <> 'completed'"):
                await asyncio.sleep(0.05)
            await asyncio.to_thread(_allow, server, 10 * WORKERS)
        while await ask("SELECT count(*) FROM loopline_workers") < WORKERS:
            await asyncio.sleep(0.05)
    assert await ask("SELECT n FROM counter") == JOBS
    assert await ask("SELECT count(*) FROM counted") == JOBS
    assert await ask("SELECT count(*) FROM loopline_workers") == 0
