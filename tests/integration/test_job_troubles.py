"""Databases that don't take what they are given: jobs wait, and say why."""

from __future__ import annotations

import asyncio
import logging

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from waiting import until

from loopline import Database, DatabaseBusy, JobQueue, Retry

pytestmark = pytest.mark.anyio


async def test_jobs_of_a_database_that_only_reads_wait_until_it_writes_again(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As after a fail-over to a standby, until that is promoted."""
    ran: list[int] = []
    url = make_url(postgres_url)

    def set_read_only(wanted: str) -> None:
        with psycopg.connect(
            url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
        ) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f"ALTER DATABASE {url.database} SET default_transaction_read_only = {wanted}".encode())
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    async with Database(postgres_url) as db:
        jobs = JobQueue(db, poll=0.05)

        @jobs.task
        async def note(number: int) -> None:
            ran.append(number)

        await jobs.migrate()
        async with db.begin() as session:
            await note.enqueue(session, 7)
    set_read_only("on")
    async with Database(postgres_url) as db:
        jobs.db = db
        with caplog.at_level(logging.WARNING, "loopline.jobs"):
            async with jobs:
                await until(lambda: "jobs can't be reached" in caplog.text)
                assert "read-only transaction" in caplog.text
                assert ran == []
                set_read_only("off")
                await until(lambda: ran == [7])


async def test_a_transactional_job_has_one_effect_though_a_crash_of_the_server_has_lost_its_claim(
    postgres_url: str,
) -> None:
    async with Database(postgres_url) as db:
        jobs, started, go_on = JobQueue(db, poll=0.05), [], asyncio.Event()

        @jobs.transactional
        async def add(session: AsyncSession) -> None:
            started.append(1)
            await go_on.wait()
            await session.execute(text("INSERT INTO effects VALUES (1)"))

        await jobs.migrate()
        async with db.begin() as session:
            await session.execute(text("CREATE TABLE effects (n INTEGER)"))
            await add.enqueue(session)
        async with jobs:
            await until(lambda: started)
            async with db.begin() as session:
                await session.execute(text("UPDATE loopline_jobs SET state = 'available', worker = NULL, attempt = 0"))
            go_on.set()
            async with asyncio.timeout(30):
                left = 1
                while left:
                    await asyncio.sleep(0.02)
                    async with db.begin() as session:
                        left = await session.scalar(
                            text("SELECT count(*) FROM loopline_jobs WHERE state <> 'completed'")
                        )
        async with db.begin() as session:
            assert await session.scalar(text("SELECT count(*) FROM effects")) == 1


async def test_a_transactional_job_that_got_no_connection_runs_later_as_if_nothing_had_been(database_url: str) -> None:
    async with Database(database_url) as db:
        jobs, tries = JobQueue(db, poll=0.05), 0

        @jobs.transactional(retry=Retry(attempts=1, first=0))
        async def add(session: AsyncSession) -> None:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise DatabaseBusy("All database connections are in use. Try again.", retry_after=0)

        await jobs.migrate()
        async with db.begin() as session:
            number = await add.enqueue(session)
        async with jobs:
            await until(lambda: tries == 2)
        job = await jobs.operations.get(number)
        assert job is not None
        assert (job.state, job.failures) == ("completed", ())


async def test_a_full_disk_refuses_what_does_not_fit_and_loses_nothing_else(sqlite_url: str) -> None:
    ran: list[str] = []
    async with Database(sqlite_url) as db:
        jobs = JobQueue(db, poll=0.05)

        @jobs.task
        async def note(what: str) -> None:
            ran.append(what[:5])

        await jobs.migrate()
        async with db.begin() as session:
            await note.enqueue(session, "first")
            pages = await session.scalar(text("PRAGMA page_count"))
            await session.execute(text(f"PRAGMA max_page_count = {pages}"))
        with pytest.raises(OperationalError, match="database or disk is full"):
            async with db.begin() as session:
                await note.enqueue(session, "large" * 100_000)
        async with db.begin() as session:
            await session.execute(text("PRAGMA max_page_count = 1000000"))
            await note.enqueue(session, "later")
        async with jobs:
            await until(lambda: len(ran) == 2)
    assert sorted(ran) == ["first", "later"]
