"""What SQLite needs to be told: when to take the write lock, what is read only, how the file is logged."""

from __future__ import annotations

from time import monotonic, sleep
from typing import Any

from sqlalchemy import URL, Connection, create_engine
from sqlalchemy.exc import DatabaseError, DBAPIError
from sqlalchemy.pool import NullPool

from loopline.errors import ConfigurationError

__all__ = [
    "UNSYNCED",
    "begin_deferred",
    "begin_immediate",
    "begin_read_only",
    "end_read_only",
    "is_locked",
    "make_read_only",
    "make_strict",
    "use_write_ahead_log",
]

# An execution option: each statement is a transaction of its own, and need not be on the disk when it returns.
UNSYNCED = "loopline_unsynced"

SQLITE_BUSY = 5
PAUSE = 0.02


def make_strict(dbapi_connection: Any, _: object) -> None:
    """Listen to "connect": references are checked, and a commit is on the disk when it returns."""
    dbapi_connection.execute("PRAGMA foreign_keys=ON").close()
    dbapi_connection.execute("PRAGMA synchronous=FULL").close()


def make_read_only(dbapi_connection: Any, _: object) -> None:
    """Listen to "connect": the connection never writes."""
    dbapi_connection.execute("PRAGMA query_only=ON").close()


def begin_immediate(connection: Connection) -> None:
    """Begin by taking the write lock, so that nobody writes between this transaction's read and write."""
    unsynced = UNSYNCED in connection.get_execution_options()
    if connection.info.get(UNSYNCED, False) is not unsynced:  # at first it is synced
        connection.exec_driver_sql(f"PRAGMA synchronous={'NORMAL' if unsynced else 'FULL'}")
        connection.info[UNSYNCED] = unsynced
    if not unsynced:
        _begin(connection, "BEGIN IMMEDIATE")


def begin_deferred(connection: Connection) -> None:
    """Begin so that every read of the transaction sees the same state."""
    _begin(connection, "BEGIN")


def begin_read_only(connection: Connection) -> None:
    """Begin on a connection that serves writers too; ``end_read_only`` gives it back to them."""
    begin_deferred(connection)
    connection.exec_driver_sql("PRAGMA query_only=ON")


def end_read_only(connection: Connection) -> None:
    """Listen to "commit" and "rollback": the connection may write again. One that broke is not used again anyway."""
    if not (connection.closed or connection.invalidated):
        connection.exec_driver_sql("PRAGMA query_only=OFF")


def _begin(connection: Connection, statement: str) -> None:
    driver: Any = connection.connection.driver_connection
    if driver.in_transaction:  # an engine's owner began it, and nothing has happened in it yet
        connection.exec_driver_sql("ROLLBACK")
    connection.exec_driver_sql(statement)


def is_locked(error: DBAPIError) -> bool:
    """Return whether SQLite gave up waiting for another connection's lock."""
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == SQLITE_BUSY


def use_write_ahead_log(url: URL, wait: float) -> None:
    """Switch a database file to write-ahead logging; the file keeps it. This blocks: call it in a thread.

    Args:
        url: The file's URL, for sqlite3.
        wait: For how many seconds another connection may hold the file.

    Raises:
        sqlalchemy.exc.OperationalError: If it was held for longer.
        ConfigurationError: If the file can't be opened, is no database or can't be logged this way.
    """
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": wait})
    deadline = monotonic() + wait
    while True:
        try:
            with engine.connect() as connection:
                mode = connection.exec_driver_sql("PRAGMA journal_mode=WAL").scalar()
            break
        except DatabaseError as error:
            if not is_locked(error):
                raise ConfigurationError(f"can't use the database file {url.database}: {error.orig}") from error
            if monotonic() > deadline:
                raise
        sleep(PAUSE)  # SQLite's own wait does not cover every moment of this switch
    if mode != "wal":
        raise ConfigurationError(f"{url.database} can't be logged ahead (journal mode {mode}). Put it on a local disk")
