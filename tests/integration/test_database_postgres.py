"""What only PostgreSQL can do to an application: sit behind a pooler, and hang up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext

import psycopg
import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from loopline import Database, DatabaseBusy
from loopline.database.engines import PoolOptions
from loopline.database.sync import SyncSessions

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)]

ADD = text("INSERT INTO parents VALUES (:number)")
NAMES = text("SELECT count(*) FROM pg_prepared_statements")
OpenDatabase = Callable[[Database], AbstractAsyncContextManager[None]]


async def another_server_connection(session: AsyncSession) -> None:
    """Do to the session's connection what a pooler does that hands out another one: no prepared statement is known."""
    connection = (await (await session.connection()).get_raw_connection()).driver_connection
    await connection.execute("DEALLOCATE ALL")  # type: ignore[union-attr]


@pytest.mark.parametrize("pooler", [False, True])
async def test_statements_survive_a_pooler_in_transaction_mode_if_it_is_announced(
    open_database: OpenDatabase, database_url: str, pooler: bool
) -> None:
    db = Database(database_url, pool_size=1, transaction_pooler=pooler)
    async with open_database(db):
        for number in range(10):
            async with db.begin() as session:
                await session.execute(ADD, {"number": number})
        async with db.begin() as session:
            await another_server_connection(session)
        with nullcontext() if pooler else pytest.raises(DBAPIError, match="does not exist"):
            async with db.begin() as session:
                await session.execute(ADD, {"number": 10})


async def test_behind_a_pooler_no_named_statement_is_left_on_the_server(
    open_database: OpenDatabase, database_url: str
) -> None:
    db = Database(database_url, pool_size=1, transaction_pooler=True)
    async with open_database(db):
        for number in range(20):
            async with db.begin() as session:
                await session.execute(text(f"SELECT {number}, CAST(:number AS integer[])"), {"number": [number]})
                await session.execute(ADD, [{"number": 2 * number}, {"number": 2 * number + 1}])
                async for _ in await session.stream(text("SELECT id FROM parents")):
                    pass
                assert (await session.execute(NAMES)).scalar_one() == 0


@pytest.mark.parametrize("pooler", [False, True])
async def test_behind_a_pooler_a_synchronous_session_prepares_nothing_either(
    open_database: OpenDatabase, database_url: str, pooler: bool
) -> None:
    db = Database(database_url, pool_size=1, transaction_pooler=pooler)
    async with open_database(db):
        sessions = SyncSessions(make_url(database_url), PoolOptions(pool_size=1, transaction_pooler=pooler), write=True)
        async with sessions.session() as session:
            for number in range(10):  # psycopg prepares what it has seen five times
                session.execute(ADD, {"number": number})
            assert session.execute(NAMES).scalar_one() == (0 if pooler else 1)
        await sessions.aclose()


async def test_a_connection_that_the_server_has_closed_is_replaced(
    open_database: OpenDatabase, database_url: str, postgres_server: str, caplog: pytest.LogCaptureFixture
) -> None:
    db = Database(database_url, pool_size=1)

    async def lose_connection() -> None:
        async with db.begin() as session:
            process = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            with psycopg.connect(postgres_server) as other:
                other.execute("SELECT pg_terminate_backend(%s)", [process])
            raise LookupError("mine")

    async with open_database(db):
        with pytest.raises(LookupError, match="mine"):
            await lose_connection()
        async with db.begin() as session:
            await session.execute(ADD, {"number": 1})


@pytest.fixture
def limited_url(database_url: str, postgres_server: str) -> Iterator[URL]:
    """The URL of a role that may have one connection."""
    with psycopg.connect(postgres_server, autocommit=True) as administrator:
        administrator.execute("DROP ROLE IF EXISTS limited")
        administrator.execute("CREATE ROLE limited LOGIN CONNECTION LIMIT 1")
        yield make_url(database_url).set(username="limited")
        administrator.execute("DROP ROLE limited")


async def test_a_server_that_takes_no_more_connections_is_a_busy_database(limited_url: URL) -> None:
    async with Database(limited_url) as db, db.begin() as first:
        await first.execute(text("SELECT 1"))
        with pytest.raises(DatabaseBusy, match="takes no more connections"):
            async with db.begin() as second:
                await second.execute(text("SELECT 1"))
        (pool,) = db.statistics()
        assert pool.rejected == 1
        assert pool.waited.count == 0, "there was nothing to wait for"


async def test_a_def_endpoint_s_request_that_the_server_takes_no_connection_for_is_a_503(
    limited_url: URL, connect: Callable[[FastAPI], AsyncClient]
) -> None:
    """Of what it says to one that can't connect, psycopg has the words only."""
    db = Database(limited_url)
    app = FastAPI()

    @app.get("/")
    def endpoint(session: Session = db.sync_session) -> None:  # type: ignore[assignment] # as FastAPI reads it
        session.execute(text("SELECT 1"))

    async with db:
        async with db.begin() as first:
            await first.execute(text("SELECT 1"))
            answer = await connect(app).get("/")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "limited" not in answer.text, "nothing internal is told"
