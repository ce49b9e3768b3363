"""Oban, on PostgreSQL with psycopg."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any

import uvloop
from oban import Oban, worker
from oban.schema import install
from psycopg_pool import AsyncConnectionPool

from benchmarks.jobs.contender import Commit, Contender, Store, postgres_left
from benchmarks.jobs.tasks import noop, report

__all__ = ["ObanJobs"]

AT_ONCE = 100  # jobs in a worker
CHUNK = 1000


class _Noop:
    async def process(self, _: Any) -> None:
        await noop()


class _Report:
    async def process(self, _: Any) -> None:
        await report()


# As a decorator does it; what it adds is not known to type checkers.
_NOOP: Any = worker(queue="default")(_Noop)
_REPORT: Any = worker(queue="default")(_Report)


class ObanJobs(Contender):
    """The core, without Oban Pro, which is not free."""

    def _pool(self) -> AsyncConnectionPool:
        return AsyncConnectionPool(self.url, min_size=4, max_size=20, open=False)

    async def prepare(self) -> None:
        """Install its schema."""
        async with self._pool() as pool:
            await install(pool)

    async def fill(self, count: int) -> None:
        """Enqueue many at a time."""
        async with self._pool() as pool:
            oban = Oban(pool=pool)
            for start in range(0, count, CHUNK):
                await oban.enqueue_many([_NOOP.new({}) for _ in range(min(CHUNK, count - start))])

    @asynccontextmanager
    async def enqueuing(self) -> AsyncIterator[Store]:
        """Enqueue in a transaction of ours."""
        async with self._pool() as pool, pool.connection() as connection:
            oban = Oban(pool=pool)

            async def store() -> Commit:
                await oban.enqueue(_REPORT.new({}), conn=connection)
                return lambda: connection.commit()

            yield store

    def counting(self) -> AbstractContextManager[Callable[[], int]]:
        """Count the rows."""
        return postgres_left(self.url, "SELECT count(*) FROM oban_jobs WHERE state <> 'completed'")

    def work(self) -> None:
        """Run an instance with a queue."""
        uvloop.run(self._work())

    async def _work(self) -> None:
        async with self._pool() as pool, Oban(pool=pool, queues={"default": AT_ONCE}):
            await asyncio.Event().wait()
