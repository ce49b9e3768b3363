"""pgqueuer, on PostgreSQL with asyncpg."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager

import asyncpg
import uvloop
from pgqueuer import AsyncpgPoolDriver, Job, PgQueuer, Queries

from benchmarks.jobs.contender import Commit, Contender, Store, postgres_left
from benchmarks.jobs.tasks import noop, report

__all__ = ["PgqueuerJobs"]

BATCH = 100  # jobs that a worker takes at once; its own default is 10
CHUNK = 1000


class PgqueuerJobs(Contender):
    """Its queue table is logged, as it is by default."""

    async def prepare(self) -> None:
        """Install its schema."""
        connection = await asyncpg.connect(self.url)
        try:
            await Queries.from_asyncpg_connection(connection).install()
        finally:
            await connection.close()

    async def fill(self, count: int) -> None:
        """Enqueue lists."""
        connection = await asyncpg.connect(self.url)
        try:
            queries = Queries.from_asyncpg_connection(connection)
            for start in range(0, count, CHUNK):
                size = min(CHUNK, count - start)
                await queries.enqueue(["noop"] * size, [None] * size, [0] * size)
        finally:
            await connection.close()

    @asynccontextmanager
    async def enqueuing(self) -> AsyncIterator[Store]:
        """Enqueue in a transaction of the driver's."""
        connection = await asyncpg.connect(self.url)
        queries = Queries.from_asyncpg_connection(connection)

        async def store() -> Commit:
            transaction = connection.transaction()
            await transaction.start()
            await queries.enqueue("report", None)
            return lambda: transaction.commit()

        try:
            yield store
        finally:
            await connection.close()

    def counting(self) -> AbstractContextManager[Callable[[], int]]:
        """Count the queue, from which it deletes what is done."""
        return postgres_left(self.url, "SELECT count(*) FROM pgqueuer")

    def work(self) -> None:
        """Run a PgQueuer."""
        uvloop.run(self._work())

    async def _work(self) -> None:
        async with asyncpg.create_pool(self.url) as pool:
            queue = PgQueuer(AsyncpgPoolDriver(pool))
            queue.entrypoint("noop")(_noop)
            queue.entrypoint("report")(_report)
            await queue.run(batch_size=BATCH)


async def _noop(_: Job) -> None:
    await noop()


async def _report(_: Job) -> None:
    await report()
