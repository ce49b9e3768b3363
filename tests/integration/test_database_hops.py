"""SQLite's connections: one hand-over to their thread for a statement, and nothing lost on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from loopline import Database
from loopline.database.one_hop import AT_ONCE

pytestmark = pytest.mark.anyio

NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most) SELECT i FROM n"


@pytest.fixture
async def db(sqlite_url: str) -> AsyncIterator[Database]:
    async with Database(sqlite_url) as db:
        async with db.begin() as session:
            await session.execute(text("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT UNIQUE)"))
        yield db


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    counted: Counter[str] = Counter()
    execute: Any = aiosqlite.Connection._execute

    async def counting(self: aiosqlite.Connection, fn: Any, *args: Any, **kwargs: Any) -> Any:
        counted["hops"] += 1
        return await execute(self, fn, *args, **kwargs)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counting)
    return counted


async def test_a_statement_is_one_hop_and_a_transaction_three_more(db: Database, hops: Counter[str]) -> None:
    async with db.begin() as session:
        await session.execute(text("INSERT INTO things (name) VALUES ('lamp')"))
        await session.execute(text("SELECT * FROM things"))
    assert hops["hops"] == 5  # BEGIN, INSERT, SELECT, COMMIT, and the pool's ROLLBACK


@pytest.mark.parametrize("most", [0, 1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE])
async def test_every_row_arrives_once_and_in_order(db: Database, most: int) -> None:
    expected = list(range(1, max(most, 1) + 1))
    async with db.begin() as session:
        assert list(await session.scalars(text(NUMBERS), {"most": most})) == expected
        result = await session.execute(text(NUMBERS), {"most": most})
        assert [result.fetchmany(1)[0][0], *(row[0] for row in result.fetchmany(7)), *result.scalars()] == expected


async def test_a_stream_of_rows_is_not_read_ahead_as_a_whole(db: Database, hops: Counter[str]) -> None:
    async with db.begin() as session:
        await session.connection()
        before = hops["hops"]
        stream = await (await session.connection()).stream(text(NUMBERS), {"most": 10**9})
        rows = [(await anext(stream))[0] for _ in range(2 * AT_ONCE + 5)]
        await stream.close()
        assert rows == list(range(1, 2 * AT_ONCE + 6))
        assert hops["hops"] - before > 2
        # its cursor is closed: else it would hold the table
        await session.execute(text("DROP TABLE things"))


async def test_what_a_statement_says_of_itself_is_kept(db: Database) -> None:
    async with db.begin() as session:
        connection = await session.connection()
        first = await connection.execute(text("INSERT INTO things (name) VALUES ('lamp')"))
        assert first.lastrowid == 1
        many = [{"name": name} for name in ("ticket", "whistle")]
        assert (await connection.execute(text("INSERT INTO things (name) VALUES (:name)"), many)).rowcount == 2
        returned = await connection.execute(text("UPDATE things SET name = upper(name) RETURNING name"))
        assert list(returned.keys()) == ["name"]
        assert returned.scalars().all() == ["LAMP", "TICKET", "WHISTLE"]


async def test_a_statement_that_fails_leaves_the_connection_usable(db: Database) -> None:
    async with db.begin() as session:
        await session.execute(text("INSERT INTO things (name) VALUES ('lamp')"))
        with pytest.raises(IntegrityError, match="UNIQUE"):
            await session.execute(text("INSERT INTO things (name) VALUES ('lamp')"))
        assert await session.scalar(text("SELECT count(*) FROM things")) == 1


async def test_the_driver_s_own_cursor_works(db: Database) -> None:
    async with db.begin() as session:
        raw = await (await session.connection()).get_raw_connection()
        driver: Any = raw.driver_connection
        async with driver.cursor() as cursor:
            await cursor.executescript("INSERT INTO things (name) VALUES ('lamp'); INSERT INTO things VALUES (9, 'x');")
            await cursor.execute("SELECT id FROM things")
            assert [row[0] async for row in cursor] == [1, 9]
