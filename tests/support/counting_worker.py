"""A process that works jobs off until SIGTERM, each of which counts up by one: ``counting_worker.py DATABASE_URL``."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from loopline import Database, JobQueue, Retry
from loopline.jobs import current_job

__all__ = ["jobs_of"]

OFTEN = 1000  # attempts: what is killed that often is no poison here


def jobs_of(db: Database) -> JobQueue:
    """Make the queue with its tasks ``count`` and ``slow``, which waits for a file."""
    jobs = JobQueue(db, concurrency=10, poll=0.2, lease=1.0)

    @jobs.transactional(name="count", retry=Retry(attempts=OFTEN, first=0.01, longest=0.1))
    async def count(session: AsyncSession, number: int) -> None:
        await session.execute(text("INSERT INTO counted VALUES (:number)"), {"number": number})
        await session.execute(text("UPDATE counter SET n = n + 1"))

    @jobs.transactional(name="slow", retry=Retry(attempts=OFTEN, first=0.01, longest=0.1))
    async def slow(session: AsyncSession, folder: str) -> None:
        await session.execute(text("UPDATE counter SET n = n + 1"))
        Path(folder, f"attempt-{current_job.get().attempt}").touch()
        while not Path(folder, "go").exists():
            await asyncio.sleep(0.01)

    return jobs


async def _work(url: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    db = Database(url)
    async with db, jobs_of(db):
        print("working", flush=True)
        await stop.wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    asyncio.run(_work(sys.argv[1]))
