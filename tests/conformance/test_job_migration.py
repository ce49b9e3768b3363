"""The tables of the jobs from one version to the next, while everything runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, create_engine, inspect, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from waiting import until

from loopline import ConfigurationError, Database, JobQueue
from loopline.database.url import sync_url
from loopline.jobs import migration
from loopline.jobs.migration import NEWEST
from loopline.jobs.overview import overview

pytestmark = pytest.mark.anyio

# What the next version may do to the tables: this one works on beside it.
NEXT = (
    "ALTER TABLE loopline_jobs ADD COLUMN tenant TEXT",
    "CREATE TABLE loopline_tenants (name TEXT PRIMARY KEY, paused BOOLEAN NOT NULL DEFAULT FALSE)",
    "CREATE INDEX loopline_jobs_tenant ON loopline_jobs (tenant, queue) WHERE state = 'available'",
)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as db:
        async with db.begin() as session:
            await session.execute(text("CREATE TABLE effects (what INTEGER NOT NULL)"))
        yield db


class Shop:
    """An application with two tasks; each process has one of its own."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.jobs = JobQueue(db, poll=0.05, concurrency=5)
        self.ran: list[int] = []

        @self.jobs.transactional(name="write")
        async def write(session: AsyncSession, number: int) -> None:
            await session.execute(text("INSERT INTO effects VALUES (:number)"), {"number": number})

        @self.jobs.task(name="note")
        async def note(number: int) -> None:
            self.ran.append(number)

        self.write, self.note = write, note

    async def enqueue(self, numbers: range) -> None:
        """Enqueue both tasks with each number, as so many requests do."""
        for number in numbers:
            async with self.db.begin() as session:
                await self.write.enqueue(session, number)
                await self.note.enqueue(session, number)

    async def all_done(self, count: int) -> None:
        """Wait until so many jobs are completed."""
        async with asyncio.timeout(60):
            while (await self.jobs.operations.counts())["default"].get("completed") != count:
                await asyncio.sleep(0.01)


async def set_version(db: Database, version: int) -> None:
    async with db.begin() as session:
        await session.execute(text("INSERT INTO loopline_schema VALUES (:version)"), {"version": version})


async def test_a_worker_goes_on_while_the_tables_become_those_of_the_next_version(
    db: Database, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As in a rolling deploy: the new version has migrated, and this one still runs, enqueues and starts."""
    shop = Shop(db)
    await shop.jobs.migrate()
    with caplog.at_level(logging.WARNING, "loopline.jobs"):
        async with shop.jobs:
            enqueuing = asyncio.create_task(shop.enqueue(range(100)))
            await until(lambda: len(shop.ran) > 10)
            async with Database(database_url) as deploying, deploying.begin() as session:
                for statement in NEXT:
                    await session.execute(text(statement))
                await session.execute(text(f"INSERT INTO loopline_schema VALUES ({NEWEST + 1})"))
            await enqueuing
            await shop.enqueue(range(100, 150))
            await shop.all_done(300)
            async with Database(database_url) as other:
                started = Shop(other)
                assert await started.jobs.migrate() == []
                async with started.jobs:
                    await started.enqueue(range(150, 200))
                    await shop.all_done(400)
    assert sorted(shop.ran + started.ran) == list(range(200))
    async with db.begin() as session:
        assert list(await session.scalars(text("SELECT what FROM effects ORDER BY what"))) == list(range(200))
        assert await session.scalar(text("SELECT count(*) FROM loopline_jobs WHERE attempt <> 1")) == 0
    assert caplog.text == ""


async def test_jobs_of_the_first_version_run_once_the_tables_are_of_the_newest(db: Database) -> None:
    """Each migration in turn, on tables with jobs in them."""

    def first_version(connection: Connection) -> None:
        for statement in migration.statements(1, connection.dialect.name):
            connection.exec_driver_sql(statement)

    shop = Shop(db)
    async with db.begin() as session:
        connection = await session.connection()
        await connection.run_sync(first_version)
        await connection.exec_driver_sql(
            "INSERT INTO loopline_jobs (task, queue, state, priority, arguments, max_attempts, timeout, created_at, "
            "run_at) VALUES ('note', 'default', 'available', 0, '{\"number\": 7}', 1, 60, 0, 0)"
        )
    assert await shop.jobs.migrate() == list(range(2, NEWEST + 1))
    async with shop.jobs:
        await shop.all_done(1)
    assert shop.ran == [7]


async def test_tables_of_the_version_after_the_next_are_refused(db: Database) -> None:
    shop = Shop(db)
    await shop.jobs.migrate()
    await set_version(db, NEWEST + 2)
    refused = f"are of version {NEWEST + 2}, and this Loopline knows up to {NEWEST + 1}: update it"
    with pytest.raises(ConfigurationError, match=refused):
        await shop.jobs.check_tables()
    with pytest.raises(ConfigurationError, match=refused):
        await shop.jobs.__aenter__()


async def test_tables_of_the_version_before_are_refused_with_advice(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a deploy that forgot to migrate. A start on SQLite migrates by itself."""
    shop = Shop(db)
    await shop.jobs.migrate()
    monkeypatch.setattr(migration, "NEWEST", NEWEST + 1)
    advice = (
        f"are of version {NEWEST}, and this Loopline needs {NEWEST + 1}: run `loopline migrate` once, at the deploy"
    )
    with pytest.raises(ConfigurationError, match=advice):
        await shop.jobs.check_tables()
    if db.engine.dialect.name == "postgresql":
        with pytest.raises(ConfigurationError, match=advice):
            await shop.jobs.__aenter__()


async def test_workers_of_the_version_before_are_seen_beside_those_of_this_one(db: Database) -> None:
    """They go on meanwhile: what they don't know of may be left out."""
    shop = Shop(db)
    async with db.begin() as session:
        for number in range(1, NEWEST):
            for statement in migration.statements(number, db.engine.dialect.name):
                await session.execute(text(statement))
        await session.execute(text("INSERT INTO loopline_workers (name, started_at) VALUES ('before', 0)"))
    assert await shop.jobs.migrate() == [NEWEST]
    async with db.begin() as session:
        await session.execute(text("INSERT INTO loopline_workers (name, started_at) VALUES ('after', 0)"))
    assert [worker.facts for worker in (await overview(db)).roster] == [None, None]


def test_a_migration_that_fails_half_way_leaves_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a plain connection too, as a migration tool gives it, though Python's sqlite3 begins no transaction."""
    sound, engine = migration.statements, create_engine(sync_url(make_url(database_url)))
    with monkeypatch.context() as patch, pytest.raises(DBAPIError), engine.begin() as connection:
        patch.setattr(migration, "statements", lambda *which: [*sound(*which)[:5], "CREATE NOTHING"])
        migration.migrate(connection)
    assert inspect(engine).get_table_names() == []
    with engine.begin() as connection:
        assert migration.migrate(connection) == list(range(1, NEWEST + 1))
    with engine.begin() as connection:
        assert migration.migrate(connection) == []
    engine.dispose()


def test_jobs_are_in_no_other_kind_of_database() -> None:
    with pytest.raises(ConfigurationError, match="not on oracle"):
        migration.whole_script("oracle")
