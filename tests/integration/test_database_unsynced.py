"""A write that may be lost with the database's machine is one statement, and no other write is lost because of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from loopline import Database

pytestmark = pytest.mark.anyio

ONE_MORE = text("WITH more AS (SELECT 1 AS one) UPDATE counter SET n = n + (SELECT one FROM more)")
COUNTED = "SELECT n FROM counter"
FULL, NORMAL = 2, 1
Outside = Callable[[str], Awaitable[Any]]
Open = Callable[[Database], AbstractAsyncContextManager[None]]


async def test_each_statement_is_committed_at_once(database_url: str, open_database: Open, outside: Outside) -> None:
    db = Database(database_url)
    async with open_database(db), db.begin_unsynced() as connection:
        await connection.execute(ONE_MORE)
        assert await outside(COUNTED) == 1
        await connection.execute(ONE_MORE)
        assert await outside(COUNTED) == 2


async def test_what_was_written_before_an_error_stays(database_url: str, open_database: Open, outside: Outside) -> None:
    db = Database(database_url)
    async with open_database(db):
        with pytest.raises(ZeroDivisionError):
            async with db.begin_unsynced() as connection:
                await connection.execute(ONE_MORE)
                _ = 1 / 0
        assert await outside(COUNTED) == 1


async def test_an_ordinary_transaction_after_it_is_whole_and_rolled_back(
    database_url: str, open_database: Open, outside: Outside
) -> None:
    db = Database(database_url, pool_size=1)
    async with open_database(db):
        async with db.begin_unsynced() as connection:
            await connection.execute(ONE_MORE)
        with pytest.raises(ZeroDivisionError):
            async with db.begin() as session:
                await session.execute(ONE_MORE)
                _ = 1 / 0
        assert await outside(COUNTED) == 1


async def test_on_sqlite_only_it_does_not_wait_for_the_disk(sqlite_url: str) -> None:
    db = Database(sqlite_url)
    synchronous = text("PRAGMA synchronous")

    async def ordinary() -> Any:
        async with db.begin() as session:
            return await session.scalar(synchronous)

    async def unsynced() -> Any:
        async with db.begin_unsynced() as connection:
            return await connection.scalar(synchronous)

    async with db:
        seen = [await ordinary(), await unsynced(), await unsynced(), await ordinary(), await ordinary()]
    assert seen == [FULL, NORMAL, NORMAL, FULL, FULL]


async def test_an_adopted_engine_begins_as_its_owner_wants(
    database_url: str, open_database: Open, outside: Outside
) -> None:
    async with open_database(Database(database_url)):
        pass
    engine = create_async_engine(database_url)
    try:
        async with Database(engine) as db:
            with pytest.raises(ZeroDivisionError):
                async with db.begin_unsynced() as connection:
                    await connection.execute(ONE_MORE)
                    _ = 1 / 0
    finally:
        await engine.dispose()
    assert await outside(COUNTED) == 0


async def test_it_stays_inside_a_session_that_overrides(
    database_url: str, open_database: Open, outside: Outside
) -> None:
    db = Database(database_url)
    async with open_database(db):
        async with db.begin() as session:
            with db.override(session):
                async with db.begin_unsynced() as connection:
                    await connection.execute(ONE_MORE)
            assert await session.scalar(text(COUNTED)) == 1
            await session.rollback()
        assert await outside(COUNTED) == 0
