"""Enqueue what is due by a schedule: once, however many processes have the schedule."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from loopline.database import Database
from loopline.jobs.complaint import Complaint
from loopline.jobs.schedule import Schedule
from loopline.jobs.sessions import call_after_commit
from loopline.jobs.store import Store

__all__ = ["Scheduler"]

LONGEST = 60.0  # seconds between two looks: the database's time may be set
PAUSE = 5.0  # seconds until the next, if one failed
LATE = 60.0  # seconds after which a time counts as missed


logger = logging.getLogger("loopline.jobs")


class Scheduler:
    """Runs beside a worker, in every process that has one.

    Whoever is first moves a schedule's row from the time that it has seen to now, and enqueues the job in the same
    transaction; the others find that the row has moved.

    Args:
        db: The database.
        store: The jobs in it.
        schedules: What to enqueue when.
        tell: Called when jobs were enqueued: in which queue.
    """

    def __init__(self, db: Database, store: Store, schedules: Sequence[Schedule], tell: Callable[[str], None]) -> None:
        self._db = db
        self._store = store
        self._schedules = schedules
        self._tell = tell

    async def run(self) -> None:
        """Enqueue what is due until it is cancelled."""
        complaint = Complaint()
        while True:
            try:
                async with self._db.begin() as session:
                    wait = await self.enqueue_due(session)
                complaint.end()
            except Exception:
                if complaint.again():
                    logger.warning(
                        "schedules could not be looked at; trying on (%d in a row)", complaint.times, exc_info=True
                    )
                wait = PAUSE
            await asyncio.sleep(min(wait, LONGEST))

    async def enqueue_due(self, session: AsyncSession) -> float:
        """Enqueue what is due, in the session's transaction.

        Returns:
            Seconds until something is due again.
        """
        connection = await session.connection()
        now = await self._store.now(connection)
        seen = await self._store.schedules(connection)
        nearest = now + LONGEST
        for schedule in self._schedules:
            if schedule.name not in seen:  # from now on, not since whenever
                await self._store.add_schedule(connection, schedule.name, now)
                seen[schedule.name] = now
            due = schedule.next_after(seen[schedule.name])
            if due <= now:
                taken = await self._store.move_schedule(connection, schedule.name, seen[schedule.name], now)
                if taken and (schedule.missed == "once" or now - due <= LATE):
                    await self._store.insert(session, schedule.job)
                    call_after_commit(session.sync_session, partial(self._tell, schedule.job.queue))
                due = schedule.next_after(now)
            nearest = min(nearest, due)
        return max(nearest - now, 0.0)
