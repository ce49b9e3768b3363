"""An engine or sessionmaker that exists already can be used; it stays its owner's."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import QueuePool

from loopline import ConfigurationError, Database

pytestmark = pytest.mark.anyio

ADD = text("INSERT INTO parents VALUES (1)")
Outside = Callable[[str], Awaitable[Any]]


class OwnSession(AsyncSession): ...


@pytest.fixture
async def engine(
    database_url: str, open_database: Callable[[Database], AbstractAsyncContextManager[None]]
) -> AsyncIterator[AsyncEngine]:
    """An engine with the test's tables and one connection, so that all sessions share it."""
    async with open_database(Database(database_url)):
        pass
    engine = create_async_engine(database_url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    yield engine
    assert isinstance(engine.pool, QueuePool)
    assert engine.pool.checkedout() == 0
    await engine.dispose()


async def add(db: Database) -> None:
    async with db.begin() as session:
        await session.execute(ADD)


async def add_as_reader(db: Database) -> None:
    async with db._transaction(write=False) as session:
        await session.execute(ADD)


async def test_an_adopted_engine_is_used_and_stays_open(engine: AsyncEngine, outside: Outside) -> None:
    async with Database(engine) as db:
        await add(db)
        assert db.engine.pool is engine.pool
    assert await outside("SELECT count(*) FROM parents") == 1
    assert engine.pool.checkedin() == 1, "its connection is still there"  # type: ignore[attr-defined]


async def test_an_adopted_sessionmaker_makes_the_sessions(engine: AsyncEngine, outside: Outside) -> None:
    async with Database(async_sessionmaker(engine, class_=OwnSession)) as db, db.begin() as session:
        assert isinstance(session, OwnSession)
        await session.execute(ADD)
    assert await outside("SELECT count(*) FROM parents") == 1


@pytest.mark.parametrize("end", ["normally", "after a commit", "after a rollback", "by an error"])
async def test_a_reading_session_is_refused_to_write_and_the_same_connection_still_writes(
    engine: AsyncEngine, outside: Outside, end: str
) -> None:
    async def read(db: Database) -> None:
        async with db._transaction(write=False) as session:
            await session.execute(text("SELECT 1"))
            if end == "after a commit":
                await session.commit()
            elif end == "after a rollback":
                await session.rollback()
            elif end == "by an error":
                raise LookupError

    async with Database(engine) as db:
        with pytest.raises(DBAPIError, match=r"readonly|read-only"):
            await add_as_reader(db)
        if end == "by an error":
            with pytest.raises(LookupError):
                await read(db)
        else:
            await read(db)
        async with engine.begin() as connection:
            await connection.execute(text("INSERT INTO parents VALUES (2)"))
        await add(db)
    assert await outside("SELECT count(*) FROM parents") == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("target", ["url", "engine", "engine that begins by itself"])
async def test_a_writing_session_takes_sqlite_s_lock_first_whoever_makes_the_engine(
    engine: AsyncEngine, database_url: str, outside: Outside, tmp_path: Path, target: str
) -> None:
    if target == "engine that begins by itself":  # as SQLAlchemy's documentation advises

        @event.listens_for(engine.sync_engine, "begin")
        def begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN")

    async with Database(database_url) if target == "url" else Database(engine) as db:
        async with db.begin() as session:
            await session.execute(text("SELECT 1"))
            with (
                closing(sqlite3.connect(tmp_path / "test.db", timeout=0)) as other,
                pytest.raises(sqlite3.OperationalError, match="locked"),
            ):
                other.execute("INSERT INTO parents VALUES (2)")
        await add(db)
    assert await outside("SELECT count(*) FROM parents") == 1


async def test_options_of_the_pool_are_refused(engine: AsyncEngine) -> None:
    with pytest.raises(ConfigurationError, match="pool_size, transaction_pooler: set this where the engine is made"):
        Database(engine, pool_size=10, transaction_pooler=False)  # type: ignore[call-overload]


async def test_a_synchronous_session_needs_a_url(engine: AsyncEngine) -> None:
    with pytest.raises(ConfigurationError, match="give Database a URL"):
        Database(engine).sync_session  # noqa: B018
