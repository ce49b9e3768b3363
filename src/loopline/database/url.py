"""Database URLs: which are supported, and what to write instead of one that is not."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from loopline.errors import ConfigurationError, MissingExtra

__all__ = ["checked_backend", "checked_url", "place_of", "sync_url"]

DRIVERS = {"sqlite": ("aiosqlite", "standard"), "postgresql": ("asyncpg", "postgres")}
SUPPORTED = "sqlite+aiosqlite:///shop.db or postgresql+asyncpg://user:password@host/shop"

# psycopg spells these differently, or has no use for them.
RENAMED_FOR_PSYCOPG = {"ssl": "sslmode", "timeout": "connect_timeout"}
ASYNCPG_ONLY = (
    "prepared_statement_cache_size",
    "statement_cache_size",
    "max_cached_statement_lifetime",
    "max_cacheable_statement_size",
)


def checked_url(target: str | URL) -> URL:
    """Parse a database URL and check that it can work.

    Args:
        target: The URL, as text or parsed.

    Returns:
        The parsed URL.

    Raises:
        ConfigurationError: If the URL can't be read, names a driver that would block the event loop, or an in-memory
            database. A password is never in the message.
        MissingExtra: If the driver is not installed.
    """
    try:
        url = make_url(target)
    except (ArgumentError, ValueError):
        # not chained: what was given may hold a password
        raise ConfigurationError(f"this is no database URL. Write it as {SUPPORTED}") from None
    name, _, given = url.drivername.partition("+")
    backend = "postgresql" if name == "postgres" else name
    if backend not in DRIVERS:
        raise ConfigurationError(f"{url.drivername} is not supported. Use {SUPPORTED}")
    driver, extra = DRIVERS[backend]
    if (name, given) != (backend, driver):
        better = url.set(drivername=f"{backend}+{driver}").render_as_string()
        raise ConfigurationError(f"{url.drivername} is not a driver that Loopline can await. Write {better}")
    checked_backend(url)
    if find_spec(driver) is None:
        raise MissingExtra(driver, extra)
    return url


def checked_backend(url: URL) -> str:
    """Return the kind of database that an engine reaches, if Loopline knows it.

    Args:
        url: The URL of an engine.

    Returns:
        ``sqlite`` or ``postgresql``.

    Raises:
        ConfigurationError: If it is another, or an in-memory SQLite database.
    """
    backend = url.get_backend_name()
    if backend not in DRIVERS:
        raise ConfigurationError(f"{url.drivername} is not supported. Use {SUPPORTED}")
    name = url.database or ":memory:"
    if backend == "sqlite" and (":memory:" in name or url.query.get("mode") == "memory"):
        raise ConfigurationError(
            "every connection to an in-memory SQLite database would see a database of its own. "
            "Use a file, in tests a temporary one: sqlite+aiosqlite:////tmp/test.db"
        )
    return backend


def place_of(url: URL) -> tuple[Any, ...]:
    """Return which database it is, as far as its URL tells: who connects to it, and how, is left out.

    Args:
        url: The URL of an engine.
    """
    database = url.database
    if url.get_backend_name() == "sqlite":
        database = os.path.abspath(database or "")
    return url.get_backend_name(), url.host or url.query.get("host"), url.port or url.query.get("port"), database


def sync_url(url: URL) -> URL:
    """Return the URL with which plain ``def`` code reaches the same database: sqlite3, or psycopg on PostgreSQL.

    Args:
        url: A URL that ``checked_url`` has passed.

    Returns:
        The same database with the other driver.

    Raises:
        MissingExtra: If psycopg is needed and not installed.
    """
    if url.get_backend_name() == "sqlite":
        return url.set(drivername="sqlite")
    if find_spec("psycopg") is None:
        raise MissingExtra("psycopg", "postgres")
    query = {RENAMED_FOR_PSYCOPG.get(key, key): value for key, value in url.query.items() if key not in ASYNCPG_ONLY}
    return url.set(drivername="postgresql+psycopg", query=query)
