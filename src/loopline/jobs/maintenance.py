"""What any worker does for all of them: take jobs from those that are gone, and delete what is old."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from loopline.database import Database
from loopline.jobs.complaint import Complaint
from loopline.jobs.liveness import Liveness
from loopline.jobs.store import Store
from loopline.jobs.worker import Worker

__all__ = ["Maintenance"]

PRUNE_EVERY = 60.0  # seconds, as is to look for jobs that nobody here knows

logger = logging.getLogger("loopline.jobs")


@dataclass(slots=True)
class Maintenance:
    """Runs beside a worker.

    Attributes:
        db: The database.
        store: The jobs in it.
        queues: The queues whose jobs are run here.
        tasks: The names of the tasks that are known here.
        worker: The worker.
        liveness: How to find those that are gone.
        every: Seconds between two looks.
        overdue: Seconds beyond its timeout after which a job is taken from a worker that is alive.
        keep_completed: Seconds that completed jobs are kept.
        keep_failed: Seconds that cancelled and discarded ones are kept.
    """

    db: Database
    store: Store
    queues: Collection[str]
    tasks: Collection[str]
    worker: Worker
    liveness: Liveness
    every: float
    overdue: float
    keep_completed: float
    keep_failed: float

    async def run(self) -> None:
        """Look after them until it is cancelled."""
        loop = asyncio.get_running_loop()
        prune_at = 0.0
        complaint = Complaint()
        while True:
            try:
                async with self.db.begin() as session:
                    rescued = await self._rescue(await session.connection())
                if rescued:
                    logger.warning("%d jobs were taken from workers that are gone, or that do not end them", rescued)
                    self.worker.wake(due=True)
                if loop.time() >= prune_at:
                    await self._tell_of_unknown()
                    await self._prune()
                    prune_at = loop.time() + PRUNE_EVERY
                complaint.end()
            except Exception:
                if complaint.again():
                    logger.warning(
                        "jobs could not be looked after; trying on (%d in a row)", complaint.times, exc_info=True
                    )
            await asyncio.sleep(self.every)

    async def _rescue(self, connection: AsyncConnection) -> int:
        rescued = 0
        for gone in await self.liveness.find_gone(connection, self.store, self.worker.id):
            rescued += await self.store.rescue(connection, gone)
        rescued += await self.store.rescue_orphans(connection)
        return rescued + await self.store.rescue_overdue(connection, self.overdue)

    async def _tell_of_unknown(self) -> None:
        async with self.db.begin() as session:
            unknown = await self.store.unknown(await session.connection(), self.queues, self.tasks)
        if unknown:
            logger.warning(
                "there are jobs of tasks that this process does not define: %s. They wait for one that does. "
                "If a task was renamed, write @jobs.task(aliases=[…])",
                ", ".join(unknown),
            )

    async def _prune(self) -> None:
        pruned = 1
        while pruned:
            async with self.db.begin() as session:
                pruned = await self.store.prune(await session.connection(), self.keep_completed, self.keep_failed)
