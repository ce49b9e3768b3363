"""saq, on PostgreSQL and on Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Any

import redis
import uvloop
from psycopg_pool import AsyncConnectionPool
from saq import Queue, Worker
from saq.queue.postgres import PostgresQueue
from saq.queue.redis import RedisQueue

from benchmarks.jobs.contender import Commit, Contender, Store, postgres_left
from benchmarks.jobs.tasks import noop, report

__all__ = ["SaqPostgresJobs", "SaqRedisJobs"]

AT_ONCE = 20  # jobs in a worker; its own default is 10
ENQUEUING = 50  # jobs that are filled in at once: it has no bulk


class _SaqJobs(Contender):
    def _queue(self) -> Queue:
        raise NotImplementedError

    async def prepare(self) -> None:
        """Make its tables, if there are any."""
        queue = self._queue()
        await queue.connect()
        await queue.disconnect()

    async def fill(self, count: int) -> None:
        """Enqueue some at once."""
        queue = self._queue()
        await queue.connect()
        try:
            for start in range(0, count, ENQUEUING):
                await asyncio.gather(*(queue.enqueue("noop") for _ in range(min(ENQUEUING, count - start))))
        finally:
            await queue.disconnect()

    @asynccontextmanager
    async def enqueuing(self) -> AsyncIterator[Store]:
        """Enqueue; that commits."""
        queue = self._queue()
        await queue.connect()

        async def store() -> Commit:
            return lambda: queue.enqueue("report")

        try:
            yield store
        finally:
            await queue.disconnect()

    def work(self) -> None:
        """Run a worker."""
        uvloop.run(self._work())

    async def _work(self) -> None:
        queue = self._queue()
        await queue.connect()
        worker = Worker(queue, functions=[("noop", _noop), ("report", _report)], concurrency=AT_ONCE)
        await worker.start()


class SaqPostgresJobs(_SaqJobs):
    """saq's PostgreSQL queue."""

    def _queue(self) -> Queue:
        return PostgresQueue(url=self.url, name="bench", min_size=4, max_size=AT_ONCE)

    async def fill(self, count: int) -> None:
        """Enqueue some at once, in transactions that need not reach the disk one by one: this is not measured."""
        pool = AsyncConnectionPool(self.url, kwargs={"options": "-c synchronous_commit=off"}, open=False, max_size=4)
        queue = PostgresQueue(pool=pool, name="bench", manage_pool_lifecycle=True)
        await queue.connect()
        try:
            for start in range(0, count, ENQUEUING):
                await asyncio.gather(*(queue.enqueue("noop") for _ in range(min(ENQUEUING, count - start))))
        finally:
            await queue.disconnect()

    def counting(self) -> AbstractContextManager[Callable[[], int]]:
        """Count the rows."""
        return postgres_left(self.url, "SELECT count(*) FROM saq_jobs WHERE status <> 'complete'")


class SaqRedisJobs(_SaqJobs):
    """saq's Redis queue."""

    def _queue(self) -> Queue:
        return RedisQueue.from_url(self.url, name="bench", max_concurrent_ops=2 * AT_ONCE)

    @contextmanager
    def counting(self) -> Iterator[Callable[[], int]]:
        """Count its incomplete jobs."""
        client: Any = redis.Redis.from_url(self.url)
        try:
            yield lambda: int(client.zcard("saq:bench:incomplete"))
        finally:
            client.close()


async def _noop(_: Any) -> None:
    await noop()


async def _report(_: Any) -> None:
    await report()
