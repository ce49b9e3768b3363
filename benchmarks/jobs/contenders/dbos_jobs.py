"""DBOS, on PostgreSQL and on SQLite: a job is a workflow in a queue."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions
from sqlalchemy import make_url

from benchmarks.jobs.contender import Commit, Contender, Store, postgres_left
from benchmarks.jobs.tasks import noop_sync, report_sync

__all__ = ["DbosJobs"]

AT_ONCE = 50  # workflows of the queue in a process; its own default is no bound, which takes all at once
POLL = 0.05  # seconds between two looks into the queue; its own default is 1
QUEUE = "bench"


class DbosJobs(Contender):
    """An application with the workflows of the benchmark."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.on_sqlite = url.startswith("sqlite")
        self.config: DBOSConfig = {
            "name": "bench",
            "system_database_url": url,
            "application_version": "1",
            "log_level": "ERROR",
        }

    async def prepare(self) -> None:
        """Launch once, which makes its tables and its queue."""
        await asyncio.to_thread(self._launch)
        await asyncio.to_thread(DBOS.destroy)

    async def fill(self, count: int) -> None:
        """Enqueue in one transaction."""
        await asyncio.to_thread(self._fill, count)

    @asynccontextmanager
    async def enqueuing(self) -> AsyncIterator[Store]:
        """Enqueue by a client; that commits."""
        client = await asyncio.to_thread(self._client)

        async def store() -> Commit:
            return lambda: client.enqueue_async(self._options("report"))

        try:
            yield store
        finally:
            await asyncio.to_thread(client.destroy)

    @contextmanager
    def counting(self) -> Iterator[Callable[[], int]]:
        """Count the rows."""
        query = "SELECT count(*) FROM {}workflow_status WHERE status <> 'SUCCESS'"
        if self.on_sqlite:
            connection = sqlite3.connect(self.url.removeprefix("sqlite:///"))
            try:
                yield lambda: int(connection.execute(query.format("")).fetchone()[0])
            finally:
                connection.close()
        else:
            with postgres_left(self.url, query.format("dbos.")) as left:
                yield left

    def work(self) -> None:
        """Launch, and stay."""
        self._launch()
        threading.Event().wait()

    def _launch(self) -> None:
        DBOS(config=self.config)
        DBOS.workflow(name="noop")(noop_sync)
        DBOS.workflow(name="report")(report_sync)
        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=AT_ONCE, polling_interval_sec=POLL)

    def _client(self) -> DBOSClient:
        return DBOSClient(system_database_url=self.url)

    def _options(self, name: str) -> EnqueueOptions:
        return {"queue_name": QUEUE, "workflow_name": name, "app_version": "1"}

    def _fill(self, count: int) -> None:
        client = self._client()
        url = self.url if self.on_sqlite else make_url(self.url).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(url)
        try:
            with engine.begin() as connection:
                for _ in range(count):
                    client.enqueue_in_transaction(connection, self._options("noop"))
        finally:
            engine.dispose()
            client.destroy()
