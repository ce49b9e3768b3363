"""What runs while a JobQueue is open: a worker, what looks after all jobs, and the ear for other processes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from loopline._cancel import cancel_and_wait
from loopline.database import Database
from loopline.database.url import sync_url
from loopline.errors import ConfigurationError
from loopline.jobs.announcements import Announcements
from loopline.jobs.attempt import Attempt
from loopline.jobs.file_lock import FileLock
from loopline.jobs.heartbeat import BEATS, Heartbeat
from loopline.jobs.liveness import Liveness
from loopline.jobs.maintenance import Maintenance
from loopline.jobs.schedule import Schedule
from loopline.jobs.scheduler import Scheduler
from loopline.jobs.store import Store
from loopline.jobs.task import Task
from loopline.jobs.worker import Worker, WorkerOptions
from loopline.lanes.thread import ThreadLane

__all__ = ["CONCURRENCY_VARIABLE", "WORKER_VARIABLE", "Keep", "Running", "running"]

WORKER_VARIABLE = "LOOPLINE_WORKER"  # "off": jobs are enqueued here and worked off elsewhere
CONCURRENCY_VARIABLE = "LOOPLINE_WORKER_CONCURRENCY"  # instead of the JobQueue's own

UNBOUNDED = 1000  # transactional tasks at once where there is no pool


@dataclass(frozen=True, slots=True)
class Keep:
    """How long jobs are kept that have ended.

    Attributes:
        completed: Seconds, for completed ones.
        failed: Seconds, for cancelled and discarded ones.
    """

    completed: float
    failed: float


@dataclass(frozen=True, slots=True)
class Running:
    """What runs.

    Attributes:
        worker: The worker; None if jobs are worked off by other processes only.
        announcements: News to and from other processes; None where there are none.
    """

    worker: Worker | None
    announcements: Announcements | None

    def tell(self, queue: str, *, due: bool) -> None:
        """Say that jobs have been committed here.

        Args:
            queue: To which queue.
            due: Whether there are some for later.
        """
        if self.worker is not None:
            self.worker.hear((queue,), due)
        if self.announcements is not None:
            self.announcements.announce(queue, due=due)


@asynccontextmanager
async def running(
    db: Database,
    store: Store,
    tasks: Mapping[str, Task[..., ..., Any]],
    queues: Sequence[str],
    schedules: Sequence[Schedule],
    options: WorkerOptions,
    lease: float,
    keep: Keep,
) -> AsyncIterator[Running]:
    """Run it all until the block ends. JobQueue documents the arguments.

    The environment decides whether there is a worker (``LOOPLINE_WORKER=off``: none) and how much it does at once.

    Raises:
        ConfigurationError: If the environment says something that can't be.
    """
    options = replace(options, concurrency=_concurrency(options.concurrency))
    async with AsyncExitStack() as stack:
        worker = None
        if os.environ.get(WORKER_VARIABLE) != "off":
            worker = await _start_worker(stack, db, store, tasks, queues, options, lease, keep)
        announcements = None
        if (direct := db.direct_engine) is not None:
            announcements = Announcements(direct, _ignore if worker is None else worker.hear)
            _run_beside(stack, asyncio.create_task(announcements.run(), name="jobs: announcements"))
        now_running = Running(worker, announcements)
        if worker is not None and schedules:
            scheduler = Scheduler(db, store, schedules, partial(now_running.tell, due=True))
            _run_beside(stack, asyncio.create_task(scheduler.run(), name="jobs: schedules"))
        yield now_running


async def _start_worker(
    stack: AsyncExitStack,
    db: Database,
    store: Store,
    tasks: Mapping[str, Task[..., ..., Any]],
    queues: Sequence[str],
    options: WorkerOptions,
    lease: float,
    keep: Keep,
) -> Worker:
    lane = ThreadLane("jobs", size=options.concurrency, max_queue=options.concurrency)
    await stack.enter_async_context(lane)
    liveness = await stack.enter_async_context(_liveness(db.direct_engine or db.engine, lease))
    attempt = Attempt(db, store, lane, sessions=_share(db.engine))
    worker = Worker(db, store, tasks, queues, attempt, liveness, options)
    working = asyncio.create_task(worker.run(), name="jobs: worker")
    stack.push_async_callback(_end, worker, working)
    maintenance = Maintenance(
        db, store, queues, tasks, worker, liveness, lease / BEATS, lease, keep.completed, keep.failed
    )
    _run_beside(stack, asyncio.create_task(maintenance.run(), name="jobs: maintenance"))
    return worker


async def _end(worker: Worker, working: asyncio.Task[None]) -> None:
    worker.stop()
    try:
        await asyncio.wait([working])
    finally:
        await cancel_and_wait([working])


def _run_beside(stack: AsyncExitStack, task: asyncio.Task[None]) -> None:
    stack.push_async_callback(cancel_and_wait, [task])


def _liveness(engine: AsyncEngine, lease: float) -> Liveness:
    if engine.dialect.name == "sqlite":
        assert engine.url.database is not None
        return FileLock(engine.url.database)
    return Heartbeat(sync_url(engine.url), lease)


def _share(engine: AsyncEngine) -> int:
    """Return how many of a pool's connections jobs may use at once: requests need some too."""
    size = getattr(engine.pool, "size", None)  # a NullPool has none, and no bound
    return max(1, size() // 2) if size is not None else UNBOUNDED


def _concurrency(default: int) -> int:
    given = os.environ.get(CONCURRENCY_VARIABLE)
    if not given:
        return default
    if not given.isdecimal() or int(given) < 1:
        raise ConfigurationError(f"{CONCURRENCY_VARIABLE}={given}: write how many jobs run at once, 1 or more")
    return int(given)


def _ignore(_: Collection[str] | None, __: bool) -> None:
    """Whoever works off nothing needs no news."""
