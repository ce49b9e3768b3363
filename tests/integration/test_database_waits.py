"""How long sessions waited for a connection, and how many were turned away: counted in front of each pool."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from loopline import Database, DatabaseBusy
from loopline.database.pool import PoolStatistics

pytestmark = pytest.mark.anyio

READ, WRITE = text("SELECT n FROM counter"), text("UPDATE counter SET n = n + 1")
OpenDatabase = Callable[[Database], AbstractAsyncContextManager[None]]


@pytest.fixture
async def db(open_database: OpenDatabase) -> AsyncIterator[Database]:
    db = Database("sqlite+aiosqlite:///overridden.db", pool_size=1, pool_timeout=0.1, busy_timeout=0.05)
    async with open_database(db):
        yield db


def writing(db: Database) -> PoolStatistics:
    (pool,) = [pool for pool in db.statistics() if pool.name in ("writing", "writing and reading")]
    return pool


async def write(db: Database) -> None:
    async with db.begin() as session:
        await session.execute(WRITE)


async def test_who_finds_a_connection_free_is_not_counted(db: Database) -> None:
    for _ in range(3):
        await write(db)
    pool = writing(db)
    assert (pool.waited.count, pool.waited_lately.count, pool.rejected) == (0, 0, 0)


async def test_who_waits_is_counted_with_how_long(db: Database) -> None:
    async with db.begin() as first:
        await first.execute(WRITE)
        waiting = asyncio.create_task(write(db))
        await asyncio.sleep(0.01)
    await waiting
    pool = writing(db)
    assert (pool.waited.count, pool.waited_lately.count, pool.rejected) == (1, 1, 0)
    assert 0.005 < pool.waited.total < 60


async def test_who_is_turned_away_is_counted_as_such_and_with_the_wait(db: Database) -> None:
    async with db.begin() as first:
        await first.execute(WRITE)
        for _ in range(2):
            with pytest.raises(DatabaseBusy):
                await write(db)
    pool = writing(db)
    assert (pool.waited.count, pool.rejected) == (2, 2)
    assert pool.waited.total > 0.1


async def test_who_gives_up_while_it_waits_has_waited_and_was_not_turned_away(db: Database) -> None:
    async with db.begin() as first:
        await first.execute(WRITE)
        waiting = asyncio.create_task(write(db))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait([waiting])
    assert waiting.cancelled()
    pool = writing(db)
    assert (pool.waited.count, pool.rejected) == (1, 0)


async def test_a_statement_of_its_own_waits_as_well(db: Database) -> None:
    async with db.begin() as first:
        await first.execute(WRITE)
        with pytest.raises(DatabaseBusy):
            async with db.begin_unsynced():
                raise AssertionError("there is a connection")
    pool = writing(db)
    assert (pool.waited.count, pool.rejected) == (1, 1)


async def test_def_endpoints_have_a_pool_of_their_own_that_counts(db: Database) -> None:
    sessions = db._sync_sessions(write=True)

    async def sit() -> None:
        async with sessions.session():
            pass

    async with sessions.session():
        with pytest.raises(DatabaseBusy):
            await sit()
        waiting = asyncio.create_task(sit())
        await asyncio.sleep(0.01)
    await waiting
    (pool,) = [pool for pool in db.statistics() if pool.name == "writing, in def endpoints"]
    assert (pool.waited.count, pool.rejected) == (2, 1)
    assert writing(db).rejected == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_who_finds_the_file_locked_by_another_process_is_turned_away(db: Database, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "test.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy):
            await write(db)
        other.rollback()
    pool = writing(db)
    assert (pool.waited.count, pool.rejected) == (0, 1), "the connection was free, the file was not"


async def test_of_an_adopted_engine_it_is_known_who_was_turned_away(
    open_database: OpenDatabase, database_url: str
) -> None:
    engine = create_async_engine(database_url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    async with open_database(Database(database_url)), Database(engine) as db:
        async with db.begin_reading() as first:
            await first.execute(READ)
            with pytest.raises(DatabaseBusy):
                async with db.begin_reading() as second:
                    await second.execute(READ)
        (pool,) = db.statistics()
        assert (pool.waited.count, pool.rejected) == (0, 1)
    await engine.dispose()
