"""Sessions for plain ``def`` endpoints: a seat first, a thread later."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from time import monotonic

from anyio import CapacityLimiter, Semaphore, fail_after
from anyio.to_thread import run_sync
from sqlalchemy import URL, Engine
from sqlalchemy.orm import Session

from loopline._finish import finish_first
from loopline.database.engines import PoolOptions, open_sync_engine
from loopline.database.pool import Waits, waits_of
from loopline.database.transaction import transaction
from loopline.errors import DatabaseBusy

__all__ = ["SyncSessions"]


class SyncSessions:
    """A pool of synchronous connections that can't starve FastAPI's threads, nor be starved by them.

    FastAPI runs a ``def`` endpoint in one of 40 threads and validates its response in another turn of them. Were a
    connection waited for inside the endpoint, 40 waiting threads would keep those that hold the connections from
    answering. So a request waits on the event loop for one of as many seats as there are connections, and its
    transaction ends in threads that are kept for that.

    Args:
        url: A URL that ``checked_url`` has passed.
        options: The bounds.
        write: Whether the sessions commit. If not, writing is refused.
    """

    def __init__(self, url: URL, options: PoolOptions, *, write: bool) -> None:
        self._engine, size = open_sync_engine(url, options, write=write)
        self._write = write
        self._wait = options.pool_timeout
        self._seats = Semaphore(size, fast_acquire=True)
        self._threads = CapacityLimiter(size)

    @property
    def engine(self) -> Engine:
        """The engine of the pool."""
        return self._engine

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Hand out a session to one request, as ``transaction`` does.

        Raises:
            DatabaseBusy: If no seat was free within ``pool_timeout``.
        """
        pool = self._engine.pool
        if not self._seats.value:
            await self._sit_down(waits_of(pool))
        else:
            await self._seats.acquire()
        try:
            session = Session(self._engine, expire_on_commit=False, close_resets_only=False)
            close, commit = partial(self._run, session.close), partial(self._run, session.commit)
            async with transaction(session, close=close, commit=commit if self._write else None, pool=pool):
                yield session
        finally:
            self._seats.release()

    async def _sit_down(self, waits: Waits) -> None:
        began = monotonic()
        try:
            with fail_after(self._wait):
                await self._seats.acquire()
        except TimeoutError as error:
            waits.rejected += 1
            raise DatabaseBusy("All database connections are in use. Try again.") from error
        finally:
            waits.end(began)

    async def _run(self, step: Callable[[], None]) -> None:
        await run_sync(step, limiter=self._threads)

    async def aclose(self) -> None:
        """Close the connections."""
        await finish_first(self._run(self._engine.dispose))
