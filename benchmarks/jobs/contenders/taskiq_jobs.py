"""taskiq with taskiq-redis, on Redis streams, which its documentation names for delivery that is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import redis
import uvloop
from taskiq.api import run_receiver_task
from taskiq_redis import RedisStreamBroker

from benchmarks.jobs.contender import Commit, Contender, Store
from benchmarks.jobs.tasks import noop, report

__all__ = ["TaskiqJobs"]

AT_ONCE = 100  # its own default
ENQUEUING = 50  # jobs that are filled in at once: it has no bulk
STREAM = "bench"


class TaskiqJobs(Contender):
    """A broker with the tasks of the benchmark."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.broker = RedisStreamBroker(url, queue_name=STREAM)
        self.noop = self.broker.register_task(noop, task_name="noop")
        self.report = self.broker.register_task(report, task_name="report")

    async def prepare(self) -> None:
        """Declare the consumer group."""
        await self.broker.startup()
        await self.broker.shutdown()

    async def fill(self, count: int) -> None:
        """Kick some at once."""
        await self.broker.startup()
        for start in range(0, count, ENQUEUING):
            await asyncio.gather(*(self.noop.kiq() for _ in range(min(ENQUEUING, count - start))))
        await self.broker.shutdown()

    @asynccontextmanager
    async def enqueuing(self) -> AsyncIterator[Store]:
        """Kick; that commits."""
        await self.broker.startup()

        async def store() -> Commit:
            return lambda: self.report.kiq()

        yield store
        await self.broker.shutdown()

    @contextmanager
    def counting(self) -> Iterator[Callable[[], int]]:
        """Count what is not delivered, and what is not acknowledged."""
        client: Any = redis.Redis.from_url(self.url)

        def left() -> int:
            (group,) = client.xinfo_groups(STREAM)
            return int(group["lag"] or 0) + int(group["pending"])

        try:
            yield left
        finally:
            client.close()

    def work(self) -> None:
        """Run a receiver, as its command does."""
        uvloop.run(self._work())

    async def _work(self) -> None:
        await run_receiver_task(self.broker, max_async_tasks=AT_ONCE, run_startup=True)
