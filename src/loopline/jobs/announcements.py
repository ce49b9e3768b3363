"""News between processes on PostgreSQL: LISTEN and NOTIFY, on one connection of their own.

The notification is sent after the commit, not inside the transaction, since that would let all commits of the server
queue up one behind the other. Many commits are told of by one notification.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from loopline.jobs.complaint import Complaint

__all__ = ["Announcements"]

CHANNEL = "loopline_jobs"
MOST = 8000  # bytes of what PostgreSQL lets a notification carry
GAP = 0.005  # seconds between two notifications: each is a commit, and wakes up all who listen
PAUSE = 1.0  # seconds before the connection is made again; doubled as long as that fails
LONGEST_PAUSE = 60.0  # seconds

logger = logging.getLogger("loopline.jobs")


class Announcements:
    """Tells other processes of jobs that were committed here, and hears of theirs.

    Args:
        engine: An engine for asyncpg. The connection is taken out of its pool.
        heard: Called when others tell: of which queues, None for any, and whether there may be jobs for later.
    """

    def __init__(self, engine: AsyncEngine, heard: Callable[[Collection[str] | None, bool], None]) -> None:
        self._engine = engine
        self._heard = heard
        self._news = asyncio.Event()
        self._queues: set[str] = set()
        self._due = False
        self._pid = 0

    def announce(self, queue: str, *, due: bool) -> None:
        """Tell the others, soon.

        Args:
            queue: Where there are jobs.
            due: Whether there are some for later.
        """
        self._queues.add(queue)
        self._due |= due
        self._news.set()

    async def run(self) -> None:
        """Tell and hear until it is cancelled. What is missed while the connection is away, polling finds."""
        pause = PAUSE
        complaint = Complaint()
        while True:
            try:
                async with self._engine.connect() as connection:
                    driver = (await connection.get_raw_connection()).driver_connection
                    await connection.run_sync(lambda sync: sync.detach())
                    await self._talk(driver)
                pause = PAUSE
                complaint.end()
            except Exception:
                if complaint.again():
                    logger.warning(
                        "no word from other processes about jobs (%d tries in a row): polling goes on",
                        complaint.times,
                        exc_info=True,
                    )
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _talk(self, driver: Any) -> None:
        self._pid = driver.get_server_pid()
        lost = asyncio.Event()

        def lose(_: object) -> None:
            lost.set()
            self._news.set()

        driver.add_termination_listener(lose)
        await driver.add_listener(CHANNEL, self._hear)
        self._heard(None, True)  # what was committed before the ear was there
        await driver.execute("SET synchronous_commit TO off")  # what is said need not outlast a crash
        while not lost.is_set():
            await self._news.wait()
            self._news.clear()
            queues, self._queues = self._queues, set()
            due, self._due = self._due, False
            if queues:
                await driver.execute("SELECT pg_notify($1, $2)", CHANNEL, _payload(queues, due))
                await asyncio.sleep(GAP)

    def _hear(self, _: Any, pid: int, __: str, payload: str) -> None:
        if pid != self._pid:
            news = json.loads(payload)
            self._heard(news["queues"], news["due"])


def _payload(queues: set[str], due: bool) -> str:
    payload = json.dumps({"due": due, "queues": sorted(queues)})
    return payload if len(payload) < MOST else json.dumps({"due": due, "queues": None})
