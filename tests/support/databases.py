"""Databases to test against: an SQLite file, and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from restartable_postgres import RestartablePostgres
from sqlalchemy import make_url

__all__ = ["database_url", "new_postgres_database", "postgres_server", "postgres_url", "sqlite_url"]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """One PostgreSQL server for all tests; how to reach it."""
    with RestartablePostgres() as server:
        yield server.uri


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
