"""A target that can't work is refused when the Database is made, and the message says what to write."""

from __future__ import annotations

import subprocess
import sys

import psycopg
import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import StaticPool

from loopline import ConfigurationError, Database, MissingExtra
from loopline.database.postgres import is_full
from loopline.database.url import sync_url


@pytest.mark.parametrize(
    ("url", "better"),
    [
        ("sqlite:///shop.db", "sqlite+aiosqlite:///shop.db"),
        ("sqlite+pysqlite:////var/shop.db", "sqlite+aiosqlite:////var/shop.db"),
        ("postgresql://ann:secret@host/shop", "postgresql+asyncpg://ann:***@host/shop"),
        ("postgresql+psycopg2://ann:secret@host/shop", "postgresql+asyncpg://ann:***@host/shop"),
        ("postgres://ann:secret@host/shop?ssl=require", "postgresql+asyncpg://ann:***@host/shop?ssl=require"),
    ],
)
def test_a_blocking_driver_is_refused_with_the_url_to_write(url: str, better: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Database(url)
    assert str(raised.value).endswith(f"Write {better}")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
        "sqlite+aiosqlite:///file::memory:?cache=shared&uri=true",
        "sqlite+aiosqlite:///file:shop?mode=memory&uri=true",
    ],
)
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="in tests a temporary one"):
        Database(url)


def test_a_database_in_memory_is_refused_as_an_engine_too() -> None:
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
    with pytest.raises(ConfigurationError, match="in tests a temporary one"):
        Database(engine)


@pytest.mark.parametrize("url", ["mysql+aiomysql://ann:secret@host/shop", "oracle://host", "shop.db", "", "a://b:c:d"])
def test_what_is_not_supported_is_refused_with_what_is(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sqlite\+aiosqlite:///shop.db or postgresql\+asyncpg://") as raised:
        Database(url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "target",
    [create_engine("sqlite://"), async_sessionmaker(), async_sessionmaker, AsyncSession(), None],
    ids=["engine", "sessionmaker", "class", "session", "None"],
)
def test_what_is_no_target_is_refused(target: object) -> None:
    with pytest.raises(ConfigurationError, match="needs a URL, an AsyncEngine or an async_sessionmaker"):
        Database(target)  # type: ignore[call-overload]


@pytest.mark.parametrize("options", [{"pool_size": 0}, {"pool_timeout": 0}, {"busy_timeout": -1}], ids=str)
def test_a_bound_that_bounds_nothing_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        Database("sqlite+aiosqlite:///shop.db", **options)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("url", "command"),
    [
        ("sqlite+aiosqlite:///shop.db", "pip install 'loopline[standard]'"),
        ("postgresql+asyncpg://host/shop", "pip install 'loopline[postgres]'"),
    ],
)
def test_a_missing_driver_is_an_import_error_with_the_command(
    url: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loopline.database.url.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="is not installed") as raised:
        Database(url)
    assert command in str(raised.value)


def test_psycopg_is_asked_for_only_by_who_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    db = Database("postgresql+asyncpg://host/shop")
    monkeypatch.setattr("loopline.database.url.find_spec", lambda name: None)
    assert db.session.scope == "function"
    with pytest.raises(MissingExtra, match="psycopg is not installed"):
        db.sync_session  # noqa: B018


def test_without_sqlalchemy_the_rest_still_imports() -> None:
    code = """
import sys
sys.modules["sqlalchemy"] = None
import loopline
try:
    loopline.Database
except loopline.MissingExtra as error:
    assert "pip install 'loopline[standard]'" in str(error)
else:
    raise AssertionError
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite+aiosqlite:////var/shop.db?timeout=3", "sqlite:////var/shop.db?timeout=3"),
        ("postgresql+asyncpg://ann:secret@host:5433/shop", "postgresql+psycopg://ann:secret@host:5433/shop"),
        (
            "postgresql+asyncpg://host/shop?ssl=require&timeout=3",
            "postgresql+psycopg://host/shop?sslmode=require&connect_timeout=3",
        ),
        ("postgresql+asyncpg://host/shop?prepared_statement_cache_size=0", "postgresql+psycopg://host/shop"),
        ("postgresql+asyncpg:///shop?host=/run/postgresql", "postgresql+psycopg:///shop?host=/run/postgresql"),
    ],
)
def test_plain_code_reaches_the_same_database(url: str, expected: str) -> None:
    translated = sync_url(make_url(url))
    assert translated.render_as_string(hide_password=False).split("?")[0] == expected.split("?")[0]
    assert translated.query == make_url(expected).query


@pytest.mark.parametrize(
    ("says", "full"),
    [
        ("FATAL:  sorry, too many clients already", True),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", True),
        ('FATAL:  too many connections for database "shop"', True),
        ("FATAL:  the database system is starting up", True),
        ('FATAL:  password authentication failed for user "too many clients"', False),
        ("Connection refused", False),
    ],
)
def test_what_a_server_says_to_who_can_not_connect_is_understood(says: str, full: bool) -> None:
    error = psycopg.OperationalError(
        f'connection failed: connection to server at "127.0.0.1", port 5432 failed: {says}'
    )
    assert error.sqlstate is None
    assert is_full(DBAPIError(None, None, error)) is full
