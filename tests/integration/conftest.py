"""What the integration tests share."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from databases import database_url, new_postgres_database, postgres_server, postgres_url, sqlite_url
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool, QueuePool

from loopline import Database

__all__ = ["database_url", "new_postgres_database", "postgres_server", "postgres_url", "sqlite_url"]

TABLES = (
    "CREATE TABLE parents (id INTEGER PRIMARY KEY)",
    "CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TABLE counter (n INTEGER NOT NULL)",
    "INSERT INTO counter VALUES (0)",
)
Outside = Callable[[str], Awaitable[Any]]
OpenDatabase = Callable[[Database], AbstractAsyncContextManager[None]]


@pytest.fixture
def outside(database_url: str) -> Outside:
    """Run one statement on a connection that has nothing to do with Loopline, and return the first value."""

    async def run(statement: str) -> Any:
        engine = create_async_engine(database_url, poolclass=NullPool)
        try:
            async with engine.begin() as connection:
                return (await connection.execute(text(statement))).scalar()
        finally:
            await engine.dispose()

    return run


@pytest.fixture
def open_database(database_url: str) -> OpenDatabase:
    """Open a Database on the test's own, with its tables, and check at the end that it lent nothing for ever."""

    @asynccontextmanager
    async def opened(db: Database) -> AsyncIterator[None]:
        with db.override(database_url):
            async with db:
                async with db.begin() as session:
                    for statement in TABLES:
                        await session.execute(text(statement))
                yield
                assert in_use(db) == 0, "a connection was not given back"
        gc.collect()  # what was not closed warns now, and a warning is an error

    return opened


def in_use(db: Database) -> int:
    """Return how many of the database's connections are lent."""
    started = db._started
    assert started is not None
    engines = [started.engines.writing.sync_engine, started.engines.reading.sync_engine]
    engines += [sessions._engine for sessions in started.sync.values()]
    pools = {engine.pool for engine in engines}
    return sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool))


@pytest.fixture
def lent() -> Callable[[Database], int]:
    """How many of a database's connections are lent."""
    return in_use


@pytest.fixture
async def connect() -> AsyncIterator[Callable[[FastAPI], AsyncClient]]:
    """Make a client for an application. An error nobody handles is a 500, as behind a server."""
    clients: list[AsyncClient] = []

    def make(app: FastAPI) -> AsyncClient:
        transport = ASGITransport(app, raise_app_exceptions=False)
        clients.append(AsyncClient(transport=transport, base_url="http://test", timeout=60))
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()
