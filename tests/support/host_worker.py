"""A process that works jobs off until SIGTERM, on a host of its own: ``host_worker.py DATABASE_URL HOST``."""

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

__all__ = ["TABLES", "jobs_of"]

TABLES = (
    "CREATE TABLE counted (number INTEGER PRIMARY KEY, host TEXT)",
    "CREATE TABLE counter (n INTEGER NOT NULL)",
    "INSERT INTO counter VALUES (0)",
)


def jobs_of(db: Database, host: str) -> JobQueue:
    """Make the queue with its tasks.

    ``count`` counts up by one and notes who did it. ``hold`` does so too, has the row locked and waits for a file.
    ``note`` writes to a file, waits as well, and touches no database.
    """
    jobs = JobQueue(db, concurrency=10, poll=0.2, lease=2.0)
    again = Retry(first=0.01, longest=0.1)

    @jobs.transactional(name="count", retry=again)
    async def count(session: AsyncSession, number: int) -> None:
        await session.execute(text("INSERT INTO counted VALUES (:number, :host)"), {"number": number, "host": host})
        await session.execute(text("UPDATE counter SET n = n + 1"))

    @jobs.transactional(name="hold", retry=again)
    async def hold(session: AsyncSession, number: int, folder: str) -> None:
        await session.execute(text("UPDATE counter SET n = n + 1"))
        await session.execute(text("INSERT INTO counted VALUES (:number, :host)"), {"number": number, "host": host})
        await wait(folder)

    @jobs.task(name="note", retry=again)
    async def note(folder: str) -> None:
        await wait(folder)
        with Path(folder, "notes").open("a") as file:
            file.write(f"{host}\n")

    async def wait(folder: str) -> None:
        job = current_job.get()
        Path(folder, f"{job.task}-{job.attempt}-{host}").touch()
        while not Path(folder, "go").exists():
            await asyncio.sleep(0.01)

    return jobs


async def _work(url: str, host: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    db = Database(url)
    async with db, jobs_of(db, host):
        print("working", flush=True)
        await stop.wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    asyncio.run(_work(*sys.argv[1:]))
