"""A session inside a test's own session: whatever it commits, the test can still roll back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, AsyncTransaction

from loopline._finish import finish_first
from loopline.database.transaction import transaction

__all__ = ["session_inside"]


@asynccontextmanager
async def session_inside(outer: AsyncSession, *, write: bool) -> AsyncIterator[AsyncSession]:
    """Hand out a session on the connection of another, inside a SAVEPOINT. Use one at a time.

    Args:
        outer: The session whose transaction goes on around it. What it holds is flushed before and expired after, so
            that either sees what the other wrote.
        write: Whether the SAVEPOINT is released at the end; if not, writing is refused.
    """
    await outer.flush()
    connection = await outer.connection()
    if connection.dialect.name == "sqlite":
        await _begin(connection)
    try:
        async with nullcontext() if write else _read_only(connection):
            session = AsyncSession(
                connection, join_transaction_mode="create_savepoint", expire_on_commit=False, close_resets_only=False
            )
            commit = session.commit if write else None
            async with transaction(session, close=session.close, commit=commit, pool=None):
                yield session
    finally:
        outer.expire_all()


async def _begin(connection: AsyncConnection) -> None:
    # sqlite3 begins nothing before a read, and a SAVEPOINT outside a transaction is one that its release commits
    driver: Any = (await connection.get_raw_connection()).driver_connection
    if not driver.in_transaction:
        await connection.exec_driver_sql("BEGIN")


@asynccontextmanager
async def _read_only(connection: AsyncConnection) -> AsyncIterator[None]:
    sqlite = connection.dialect.name == "sqlite"
    fence = await connection.begin_nested()  # rolled back, it takes PostgreSQL's setting with it
    try:
        await connection.exec_driver_sql("PRAGMA query_only=ON" if sqlite else "SET LOCAL transaction_read_only=on")
        yield
    finally:
        await finish_first(_lift(fence, connection if sqlite else None))


async def _lift(fence: AsyncTransaction, query_only: AsyncConnection | None) -> None:
    if query_only is not None:
        await query_only.exec_driver_sql("PRAGMA query_only=OFF")
    await fence.rollback()
