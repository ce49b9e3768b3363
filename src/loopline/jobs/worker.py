"""A worker: claims jobs, runs them, stores what became of them."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from loopline._cancel import cancel_and_wait
from loopline._finish import finish_first
from loopline.database import Database
from loopline.jobs.attempt import Attempt, Result
from loopline.jobs.attempts import Attempts
from loopline.jobs.complaint import Complaint
from loopline.jobs.job import Claimed
from loopline.jobs.liveness import Liveness
from loopline.jobs.store import Outcome, Store
from loopline.jobs.task import Task
from loopline.jobs.worker_facts import facts_of_this_process

__all__ = ["Worker", "WorkerOptions"]

# Ends of jobs are gathered, to be stored together, for so many times as long as it last took to store and claim.
GATHER = 4
LONGEST_GATHER = 0.1  # seconds
GLANCE = 0.001  # seconds between two looks meanwhile
LONGEST_PAUSE = 5.0  # seconds between two tries to reach a database that is away
AGAIN = 1.0  # seconds until a job may run again of which an attempt is still running here
LAST_TRIES = 3  # to give back what is held: the pool's connections may have been cut
LAST_WORDS = 5.0  # seconds for giving back what is held, at the end

logger = logging.getLogger("loopline.jobs")


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How a worker works.

    Attributes:
        concurrency: Jobs that run at once.
        poll: Seconds after which it looks without having been told.
        grace: Seconds that running jobs may take to end when it stops.
    """

    concurrency: int
    poll: float
    grace: float


class Worker:
    """Works in the running event loop from ``run`` until ``stop``.

    Args:
        db: The database.
        store: The jobs in it.
        tasks: The tasks by name, former names of theirs included.
        queues: The queues whose jobs it runs.
        attempt: How a job is run.
        liveness: How others see that it is alive.
        options: How it works.

    Attributes:
        attempts: How attempts have ended so far.
    """

    def __init__(
        self,
        db: Database,
        store: Store,
        tasks: Mapping[str, Task[..., ..., Any]],
        queues: Sequence[str],
        attempt: Attempt,
        liveness: Liveness,
        options: WorkerOptions,
    ) -> None:
        self._db = db
        self._store = store
        self._tasks = tasks
        self._attempt = attempt
        self._liveness = liveness
        self._options = options
        self._facts = facts_of_this_process(queues, options.concurrency)
        self._queues = list(queues)
        self._own_queues = frozenset(queues)
        self.id = 0
        self.attempts = Attempts()
        self._held: dict[int, asyncio.Task[None]] = {}
        self._done: list[Claimed] = []
        self._outcomes: list[Outcome] = []
        self._wake = asyncio.Event()
        self._news = False
        self._news_of_later = True  # whether the time of a job may come before ``_due``
        self._stopping = asyncio.Event()
        self._unsure = False  # whether a commit failed that may have happened
        self._took = 0.0  # seconds, of the last turn
        self._due = 0.0  # when the next job's time comes, in the loop's time
        self._look = 0.0  # when to look what others want of this worker, in the loop's time

    def wake(self, *, due: bool = False) -> None:
        """Say that there are jobs.

        Args:
            due: Whether there may be some for later.
        """
        self._news_of_later |= due
        self._news = True
        self._wake.set()

    def hear(self, queues: Collection[str] | None, due: bool) -> None:
        """Do the same if jobs were committed to queues whose jobs it runs.

        Args:
            queues: To which ones; None if that is not known.
            due: Whether there may be some for later.
        """
        if queues is None or not self._own_queues.isdisjoint(queues):
            self.wake(due=due)

    def stop(self) -> None:
        """Let it claim no more, and ``run`` end once what runs has ended, or its grace is over."""
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        """Work until ``stop``. A database that is away is waited for, as long as it takes."""
        complaint = Complaint()
        try:
            while not self._stopping.is_set():
                self._wake.clear()
                self._news = False
                try:
                    full = await self._turn()
                except Exception:
                    self._liveness.falter()
                    if complaint.again():
                        logger.warning("jobs can't be reached; trying on (%d in a row)", complaint.times, exc_info=True)
                    pause = min(LONGEST_PAUSE, 0.05 * 2 ** min(complaint.times, 10))
                    with suppress(TimeoutError):
                        async with asyncio.timeout(pause * random.uniform(0.5, 1.0)):  # noqa: S311 - jitter, no secret
                            await self._stopping.wait()
                else:
                    complaint.end()
                    await self._rest(full)
            if self._held:
                await asyncio.wait(self._held.values(), timeout=self._options.grace)
        finally:
            self._stopping.set()
            await finish_first(self._give_back(), grace=LAST_WORDS)

    async def _turn(self) -> bool:
        """Store what has ended and claim what there is, in one transaction, but for claims alone (see ``_connect``).

        Returns:
            Whether there may be more to claim.
        """
        now = asyncio.get_running_loop().time()
        beats = self._liveness.needs_beat()
        look, is_due = now >= self._look, self._news_of_later or now >= self._due
        self._news_of_later = False
        free = self._options.concurrency - len(self._held)
        done, self._done = self._done, []
        outcomes, self._outcomes = self._outcomes, []
        claimed: list[Claimed] = []
        wanted: set[int] | None = set()
        due: float | None = None
        try:
            async with self._connect(alone=not (look or is_due or done or outcomes or self._unsure)) as connection:
                worker = self.id or await self._store.add_worker(connection, self._liveness.name, self._facts)
                if look:
                    wanted = await self._store.wanted(connection, worker)
                await self._store_ends(connection, done, outcomes)
                if self._unsure:
                    claimed = await self._lost(connection, worker, done, outcomes)
                if is_due:
                    await self._store.promote(connection)
                    due = await self._store.next_due(connection)
                for queue in self._in_turn():
                    if (rest := free - len(claimed)) > 0:
                        claimed += await self._store.claim(
                            connection, worker, queue, self._tasks, rest, alone=not (done or outcomes)
                        )
                if beats:  # last: who takes jobs from a worker locks them before it too
                    await self._store.beat(connection, worker)
        except BaseException:
            # It may have been committed all the same. To store an end twice does no harm; what was claimed is read.
            self._done, self._outcomes = done + self._done, outcomes + self._outcomes
            self._unsure = self._news_of_later = True
            raise
        self.id, self._unsure = worker, False
        self._took = asyncio.get_running_loop().time() - now
        self._liveness.show(worker, beaten=beats)
        if is_due:
            self._due = now + (self._options.poll if due is None else min(max(due, 0.0), self._options.poll))
        if look:
            self._look = now + self._options.poll
        self._heed(wanted)
        for job in claimed:
            if job.id in self._held:  # it still runs here, though a crash of the server has lost that it does
                self._outcomes.append(Outcome(job, "scheduled", wait=AGAIN, counts=False))
                continue
            self._held[job.id] = asyncio.create_task(self._hold(job), name=f"job {job.id} {job.task}")
        return len(claimed) >= free > 0

    @asynccontextmanager
    async def _connect(self, *, alone: bool) -> AsyncIterator[AsyncConnection]:
        """Open a transaction; if it is only to claim, what is faster: it decides how soon the jobs start.

        A claim that is lost with the database's machine does no harm: the job is available still.
        """
        if alone:
            async with self._db.begin_unsynced() as connection:
                yield connection
        else:
            async with self._db.begin() as session:
                yield await session.connection()

    async def _rest(self, full: bool) -> None:
        """Wait until there is something to do."""
        loop = asyncio.get_running_loop()
        if not full or len(self._held) >= self._options.concurrency:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(self._due, self._look)):
                    await self._wake.wait()
        gathered = loop.time() + min(GATHER * self._took, LONGEST_GATHER)
        many = self._options.concurrency // 2
        while not self._news and len(self._held) > many and loop.time() < gathered:  # noqa: ASYNC110 - gathers ends
            await asyncio.sleep(GLANCE)

    async def _hold(self, job: Claimed) -> None:
        result: Result = Outcome(job, "available", counts=False)
        began = monotonic()
        try:
            result = await self._attempt.run(self._tasks[job.task], job)
        except asyncio.CancelledError:
            if not self._stopping.is_set():
                result = Outcome(job, "cancelled")
        finally:
            self._held.pop(job.id, None)
            self.attempts.count(job.task, result.state if isinstance(result, Outcome) else "completed", began)
            if isinstance(result, Outcome):
                self._outcomes.append(result)
                self._news_of_later = True
            elif result == "done":
                self._done.append(job)
            self._wake.set()

    def _heed(self, wanted: set[int] | None) -> None:
        """Do what others want of this worker.

        Args:
            wanted: Jobs to be cancelled; None if it has been taken for dead, and its jobs given to others.
        """
        if wanted is None:
            logger.warning("this worker showed no life for too long: others have its jobs. It begins anew")
            wanted, self.id = set(self._held), 0
        for job in wanted & self._held.keys():
            self._held[job].cancel("somebody else wants this job to end")

    async def _lost(
        self, connection: AsyncConnection, worker: int, done: Sequence[Claimed], outcomes: Sequence[Outcome]
    ) -> list[Claimed]:
        """Return what was claimed in a transaction of which nobody told whether it was committed."""
        held = await self._store.held(connection, worker)
        # Looked at only now: jobs may have ended meanwhile.
        ended = {job.id for job in (*done, *self._done)}
        settled = {outcome.job.id for outcome in (*outcomes, *self._outcomes)}
        return [job for job in held if job.id not in ended | settled | self._held.keys()]

    async def _store_ends(
        self, connection: AsyncConnection, done: Sequence[Claimed], outcomes: Sequence[Outcome]
    ) -> None:
        if done:
            await self._store.complete(connection, done)
        if outcomes:
            await self._store.settle(connection, outcomes)

    async def _give_back(self) -> None:
        """End what still runs, store what is left to store, and be forgotten."""
        await cancel_and_wait(list(self._held.values()))
        for tries_left in reversed(range(LAST_TRIES)):
            try:
                async with self._db.begin() as session:
                    connection = await session.connection()
                    await self._store_ends(connection, self._done, self._outcomes)
                    if self._unsure and not self.id:  # it may have been registered
                        self.id = await self._store.add_worker(connection, self._liveness.name, self._facts)
                    if self.id:
                        await self._store.release(connection, self.id)
                return
            except Exception:
                if not tries_left:
                    logger.warning(
                        "a worker could not give its jobs back: others will find that it is gone", exc_info=True
                    )

    def _in_turn(self) -> list[str]:
        """Return the queues, each time another one first, so that a full one does not starve the rest."""
        self._queues = self._queues[1:] + self._queues[:1]
        return self._queues
