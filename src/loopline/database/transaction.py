"""How a session's transaction ends: committed or rolled back, whatever happens around it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import Pool

from loopline._finish import finish_first
from loopline.database.pool import waits_of
from loopline.database.postgres import is_full
from loopline.database.sqlite import is_locked
from loopline.errors import DatabaseBusy

__all__ = ["busy_as_answer", "transaction"]

S = TypeVar("S")
Step = Callable[[], Coroutine[Any, Any, None]]

logger = logging.getLogger("loopline.database")


@asynccontextmanager
async def transaction(session: S, *, close: Step, commit: Step | None, pool: Pool | None) -> AsyncIterator[S]:
    """Hand out a session; commit when the block ends, roll back when it raises, and close it in any case.

    A commit, rollback or close that has begun is finished before a cancellation is passed on, so that its outcome is
    known and no connection is left behind.

    Args:
        session: The session.
        close: Rolls back what is not committed, and gives the connection back.
        commit: Commits; None means that nothing is ever committed.
        pool: Where its connection comes from; None if it has one already.

    Raises:
        DatabaseBusy: If no connection or write lock was free in time, in the block or at the commit.
        Exception: Whatever the block or the commit raised.
    """
    with busy_as_answer(pool):
        try:
            yield session
        except BaseException:
            await finish_first(_close_quietly(close))
            raise
        await finish_first(_commit_and_close(commit, close))


async def _commit_and_close(commit: Step | None, close: Step) -> None:
    try:
        if commit is not None:
            await commit()
    finally:
        await close()


async def _close_quietly(close: Step) -> None:
    try:
        await close()
    except Exception:
        # what ended the block is what the caller must hear of, all the more if it is a cancellation
        logger.warning("a transaction could not be rolled back; the database does so by itself", exc_info=True)


@contextmanager
def busy_as_answer(pool: Pool | None) -> Iterator[None]:
    """Turn "no connection was free", here or at the server, and "the database is locked" into DatabaseBusy.

    Args:
        pool: Where it is counted; None for nowhere.

    Raises:
        DatabaseBusy: If the block ended for one of these reasons. It is an answer to a request.
    """
    try:
        yield
    except (PoolTimeout, DBAPIError) as error:
        if (why := _busy(error)) is None:
            raise
        if pool is not None:
            waits_of(pool).rejected += 1
        raise DatabaseBusy(why) from error


def _busy(error: PoolTimeout | DBAPIError) -> str | None:
    if isinstance(error, PoolTimeout):
        return "All database connections are in use. Try again."
    if is_locked(error):
        return "The database is being written to. Try again."
    if is_full(error):
        return "The database takes no more connections at the moment. Try again."
    return None
