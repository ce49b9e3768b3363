"""Celery, on Redis. Its tasks are acknowledged late, so that a job is not lost with its worker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import redis
from celery import Celery

from benchmarks.jobs.contender import Commit, Contender, Store
from benchmarks.jobs.tasks import noop_sync, report_sync

__all__ = ["CeleryJobs"]

PROCESSES = 2  # of a worker: the machine's cores, as is its own default
PREFETCH = 64  # jobs for each of them; its own default is 4


class CeleryJobs(Contender):
    """An application with the tasks of the benchmark."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.app = Celery("bench", broker=url.replace("unix://", "redis+socket://"))
        self.app.conf.update(
            task_acks_late=True,
            task_reject_on_worker_lost=True,
            task_ignore_result=True,
            worker_prefetch_multiplier=PREFETCH,
            worker_hijack_root_logger=False,
            broker_connection_retry_on_startup=True,
        )
        self.noop = self.app.task(name="noop")(noop_sync)
        self.report = self.app.task(name="report")(report_sync)

    async def prepare(self) -> None:
        """Nothing: the broker needs none."""

    async def fill(self, count: int) -> None:
        """Send them over one connection."""
        with self.app.producer_pool.acquire(block=True) as producer:
            for _ in range(count):
                self.noop.apply_async(producer=producer)

    @asynccontextmanager
    async def enqueuing(self) -> AsyncIterator[Store]:
        """Send; that commits. It blocks, as Celery does."""

        async def send() -> None:
            self.report.apply_async()

        async def store() -> Commit:
            return send

        yield store

    @contextmanager
    def counting(self) -> Iterator[Callable[[], int]]:
        """Count what is not delivered, and what is not acknowledged."""
        client: Any = redis.Redis.from_url(self.url)
        try:
            yield lambda: int(client.llen("celery")) + int(client.hlen("unacked"))
        finally:
            client.close()

    def work(self) -> None:
        """Run a worker of processes, without what talks to other workers."""
        self.app.worker_main(
            [
                "worker",
                f"--concurrency={PROCESSES}",
                "--pool=prefork",
                "--loglevel=ERROR",
                "--without-gossip",
                "--without-mingle",
                "--without-heartbeat",
            ]
        )
