"""How a session's transaction ends: committed or rolled back, whatever happens around it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from loopline._finish import finish_first
from loopline.database.postgres import is_full
from loopline.database.sqlite import is_locked
from loopline.errors import DatabaseBusy

__all__ = ["busy_as_answer", "transaction"]

S = TypeVar("S")
Step = Callable[[], Coroutine[Any, Any, None]]

logger = logging.getLogger("loopline.database")


@asynccontextmanager
async def transaction(session: S, *, close: Step, commit: Step | None) -> AsyncIterator[S]:
    """Hand out a session; commit when the block ends, roll back when it raises, and close it in any case.

    A commit, rollback or close that has begun is finished before a cancellation is passed on, so that its outcome is
    known and no connection is left behind.

    Args:
        session: The session.
        close: Rolls back what is not committed, and gives the connection back.
        commit: Commits; None means that nothing is ever committed.

    Raises:
        DatabaseBusy: If no connection or write lock was free in time, in the block or at the commit.
        Exception: Whatever the block or the commit raised.
    """
    with busy_as_answer():
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
def busy_as_answer() -> Iterator[None]:
    """Turn "no connection was free", here or at the server, and "the database is locked" into DatabaseBusy.

    Raises:
        DatabaseBusy: If the block ended for one of these reasons. It is an answer to a request.
    """
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseBusy("All database connections are in use. Try again.") from error
    except DBAPIError as error:
        if is_locked(error):
            raise DatabaseBusy("The database is being written to. Try again.") from error
        if is_full(error):
            raise DatabaseBusy("The database takes no more connections at the moment. Try again.") from error
        raise
