"""soniq, on PostgreSQL and on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvloop
from soniq import Soniq

from benchmarks.jobs.contender import Commit, Contender, Store, postgres_left
from benchmarks.jobs.tasks import noop, report

__all__ = ["SoniqJobs"]

AT_ONCE = 16  # jobs in a worker; its own default is 4
CHUNK = 1000
LEFT = "SELECT count(*) FROM soniq_jobs WHERE status <> 'done'"


class SoniqJobs(Contender):
    """An instance with the tasks of the benchmark."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.on_sqlite = url.startswith("sqlite")
        pool: dict[str, Any] = {} if self.on_sqlite else {"pool_min_size": 4, "pool_max_size": AT_ONCE + 4}
        self.soniq = Soniq(database_url=url, **pool)
        self.noop = self.soniq.job(name="noop")(noop)
        self.report = self.soniq.job(name="report")(report)

    async def prepare(self) -> None:
        """Make its tables."""
        await self.soniq.setup()
        await self.soniq.close()

    async def fill(self, count: int) -> None:
        """Enqueue many at a time."""
        async with self.soniq:
            for start in range(0, count, CHUNK):
                await self.soniq.enqueue_many(self.noop, [{} for _ in range(min(CHUNK, count - start))])

    @asynccontextmanager
    async def enqueuing(self) -> AsyncIterator[Store]:
        """Enqueue; that commits."""
        async with self.soniq:

            async def store() -> Commit:
                return lambda: self.soniq.enqueue(self.report)

            yield store

    @contextmanager
    def counting(self) -> Iterator[Callable[[], int]]:
        """Count the rows."""
        if self.on_sqlite:
            connection = sqlite3.connect(self.url.removeprefix("sqlite:///"))
            try:
                yield lambda: int(connection.execute(LEFT).fetchone()[0])
            finally:
                connection.close()
        else:
            with postgres_left(self.url, LEFT) as left:
                yield left

    def work(self) -> None:
        """Run a worker."""
        uvloop.run(self._work())

    async def _work(self) -> None:
        async with self.soniq:
            await self.soniq.run_worker(concurrency=AT_ONCE)
