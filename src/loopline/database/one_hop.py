"""SQLite connections that go to their thread once for a statement.

Every operation of aiosqlite is handed to the connection's thread and back. Through SQLAlchemy a query takes four of
them: make a cursor, execute, fetch, close. Here they are one.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import aiosqlite

__all__ = ["connect_in_one_hop"]

AT_ONCE = 1000  # rows that come with the execution; of a longer result the rest comes when it is asked for


def connect_in_one_hop(dialect: Any, _: object, arguments: list[Any], options: dict[str, Any]) -> Any:
    """Listen to "do_connect" of an engine with aiosqlite: connect as it would, with a connection of this module."""
    return dialect.dbapi.connect(*arguments, async_creator_fn=_connect, **options)


def _connect(*arguments: Any, **options: Any) -> aiosqlite.Connection:
    # Cursors are made outside the thread, which takes no hop; SQLAlchemy connects to files this way too.
    options["check_same_thread"] = False
    connection = _Connection(partial(sqlite3.connect, *arguments, **options), iter_chunk_size=AT_ONCE)
    # As SQLAlchemy does with its own: a process that ends without closing it must not wait for its thread.
    thread = connection if isinstance(connection, threading.Thread) else connection._thread
    thread.daemon = True
    return connection


class _Connection(aiosqlite.Connection):
    def cursor(self) -> Any:
        return _Cursor(self, self._conn.cursor())


class _Cursor(aiosqlite.Cursor):
    _rows: list[Any] = []  # noqa: RUF012 - never changed in place
    _complete = True

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> _Cursor:
        await self._in_thread(self._run, sqlite3.Cursor.execute, sql, () if parameters is None else parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> _Cursor:
        await self._in_thread(self._run, sqlite3.Cursor.executemany, sql, parameters)
        return self

    async def _in_thread(self, fn: Callable[..., None], *arguments: Any) -> None:
        connection: Any = self._conn  # untyped in this place
        await connection._execute(fn, *arguments)

    def _run(self, execute: Callable[..., object], sql: str, parameters: Iterable[Any]) -> None:
        """Do all of it. This runs in the thread."""
        self._rows, self._complete = [], True
        execute(self._cursor, sql, parameters)
        if self._cursor.description is not None:
            self._rows = self._cursor.fetchmany(AT_ONCE)
            self._complete = len(self._rows) < AT_ONCE

    async def fetchone(self) -> Any:
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        size = 1 if size is None else size
        rows, self._rows = self._rows[:size], self._rows[size:]
        if len(rows) < size and not self._complete:
            rest = await super().fetchmany(size - len(rows))
            self._complete = not rest
            rows = [*rows, *rest]
        return rows

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        if not self._complete:
            rows = [*rows, *await super().fetchall()]
            self._complete = True
        return rows

    async def close(self) -> None:
        if not self._complete:
            self._complete = True
            await super().close()
