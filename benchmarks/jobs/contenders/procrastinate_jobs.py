"""procrastinate, on PostgreSQL with psycopg."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager

import psycopg
import uvloop
from procrastinate import App, PsycopgConnector

from benchmarks.jobs.contender import Commit, Contender, Store, postgres_left
from benchmarks.jobs.tasks import noop, report

__all__ = ["ProcrastinateJobs"]

AT_ONCE = 20  # jobs in a worker; its own default is 1
CHUNK = 1000


class ProcrastinateJobs(Contender):
    """An App with the tasks of the benchmark."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.app = App(connector=PsycopgConnector(conninfo=url, min_size=4, max_size=AT_ONCE))
        self.noop = self.app.task(name="noop")(noop)
        self.report = self.app.task(name="report")(report)

    async def prepare(self) -> None:
        """Apply its schema."""
        async with self.app.open_async():
            await self.app.schema_manager.apply_schema_async()

    async def fill(self, count: int) -> None:
        """Defer batches."""
        async with self.app.open_async():
            for start in range(0, count, CHUNK):
                await self.noop.batch_defer_async(*({} for _ in range(min(CHUNK, count - start))))

    @asynccontextmanager
    async def enqueuing(self) -> AsyncIterator[Store]:
        """Defer in a transaction of ours."""
        async with self.app.open_async(), await psycopg.AsyncConnection.connect(self.url) as connection:

            async def store() -> Commit:
                await self.report.configure(connection=connection).defer_async()
                return connection.commit

            yield store

    def counting(self) -> AbstractContextManager[Callable[[], int]]:
        """Count the rows."""
        return postgres_left(self.url, "SELECT count(*) FROM procrastinate_jobs WHERE status <> 'succeeded'")

    def work(self) -> None:
        """Run a worker."""
        uvloop.run(self._work())

    async def _work(self) -> None:
        async with self.app.open_async():
            await self.app.run_worker_async(concurrency=AT_ONCE)
