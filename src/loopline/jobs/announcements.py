"""News between processes on PostgreSQL: LISTEN and NOTIFY, on one connection of their own.

The notification is sent after the commit, not inside the transaction, since that would let all commits of the server
queue up one behind the other. Many commits are told of by one notification.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = ["Announcements"]

CHANNEL = "loopline_jobs"
PAUSE = 1.0  # seconds before the connection is made again; doubled as long as that fails
LONGEST_PAUSE = 60.0  # seconds

logger = logging.getLogger("loopline.jobs")


class Announcements:
    """Tells other processes of jobs that were committed here, and hears of theirs.

    Args:
        engine: An engine for asyncpg. The connection is taken out of its pool.
        heard: Called when others tell; whether there may be jobs for later is its argument.
    """

    def __init__(self, engine: AsyncEngine, heard: Callable[[bool], None]) -> None:
        self._engine = engine
        self._heard = heard
        self._news = asyncio.Event()
        self._due = False
        self._pid = 0

    def announce(self, *, due: bool) -> None:
        """Tell the others, soon.

        Args:
            due: Whether there are jobs for later.
        """
        self._due |= due
        self._news.set()

    async def run(self) -> None:
        """Tell and hear until it is cancelled. What is missed while the connection is away, polling finds."""
        pause = PAUSE
        while True:
            try:
                async with self._engine.connect() as connection:
                    driver = (await connection.get_raw_connection()).driver_connection
                    await connection.run_sync(lambda sync: sync.detach())
                    await self._talk(driver)
                pause = PAUSE
            except Exception:
                logger.warning("no word from other processes about jobs: polling goes on", exc_info=True)
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
        self._heard(True)  # what was committed before the ear was there
        while not lost.is_set():
            await self._news.wait()
            self._news.clear()
            due, self._due = self._due, False
            await driver.execute("SELECT pg_notify($1, $2)", CHANNEL, "due" if due else "")

    def _hear(self, _: Any, pid: int, __: str, payload: str) -> None:
        if pid != self._pid:
            self._heard(payload == "due")
