"""Help for tests of code that enqueues jobs: look at them, run them at once, move the time.

The JobQueue need not be started, only its database; its tables must be there (``await jobs.migrate()``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from loopline.errors import LooplineError
from loopline.jobs.attempt import Attempt
from loopline.jobs.job import Claimed, Job, JobState
from loopline.jobs.queue import JobQueue
from loopline.jobs.store import Outcome
from loopline.jobs.task import Task
from loopline.lanes.thread import ThreadLane

__all__ = ["drain", "enqueued", "shifted"]

MOST = 10_000  # jobs of one drain: those that enqueue each other for ever are a mistake
AT_ONCE = 100  # jobs that are claimed at once

_WAITING: tuple[JobState, ...] = ("scheduled", "available", "retryable")


async def enqueued(jobs: JobQueue, task: Task[..., ..., Any] | None = None) -> list[Job]:
    """Return the jobs that wait to be run, the oldest first.

    Args:
        jobs: The queue.
        task: Only those of this task.
    """
    name = None if task is None else task.name
    found = [job for state in _WAITING for job in await jobs.operations.find(state=state, task=name, limit=1000)]
    return sorted(found, key=lambda job: job.id)


async def drain(jobs: JobQueue) -> list[Job]:
    """Run every job whose time has come, one after the other, and those that they enqueue, until none is left.

    Args:
        jobs: The queue. It must not be started: its worker would take them.

    Returns:
        The jobs that were run, as they are afterwards.

    Raises:
        Exception: What a task raised, unchanged. The job is stored as a worker would have stored it.
        LooplineError: If a job is of an unknown task, or there is no end to them.
    """
    store, db = jobs.store, jobs.db
    ran: list[int] = []
    async with ThreadLane("jobs", size=1, max_queue=1) as lane:
        attempt = Attempt(db, store, lane, sessions=1)
        async with db.begin() as session:
            worker = await store.add_worker(await session.connection(), "test")
        try:
            await _refuse_unknown(jobs)
            while claimed := await _claim(jobs, worker):
                for job in claimed:
                    ran.append(job.id)
                    await _run(jobs, attempt, job)
                if len(ran) > MOST:
                    raise LooplineError(f"{MOST:,} jobs were run, and there are more: do they enqueue each other?")
        finally:
            async with db.begin() as session:
                await store.release(await session.connection(), worker)
    return [found for number in ran if (found := await jobs.operations.get(number)) is not None]


@contextmanager
def shifted(jobs: JobQueue, by: timedelta) -> Iterator[None]:
    """Let the queue see another time inside a ``with`` block, the database's plus something.

    Args:
        jobs: The queue.
        by: How far into the future, or, if negative, into the past.
    """
    store = jobs.store
    store.shift += by.total_seconds()
    try:
        yield
    finally:
        store.shift -= by.total_seconds()


async def _refuse_unknown(jobs: JobQueue) -> None:
    async with jobs.db.begin() as session:
        connection = await session.connection()
        await jobs.store.promote(connection)
        unknown = await jobs.store.unknown(connection, jobs.queues, jobs.tasks)
    if unknown:
        raise LooplineError(f"there are jobs of tasks that this JobQueue does not have: {', '.join(unknown)}")


async def _claim(jobs: JobQueue, worker: int) -> list[Claimed]:
    async with jobs.db.begin() as session:
        connection = await session.connection()
        await jobs.store.promote(connection)
        return [
            job
            for queue in jobs.queues
            for job in await jobs.store.claim(connection, worker, queue, jobs.tasks, AT_ONCE)
        ]


async def _run(jobs: JobQueue, attempt: Attempt, job: Claimed) -> None:
    result = await attempt.run(jobs.tasks[job.task], job)
    async with jobs.db.begin() as session:
        connection = await session.connection()
        if isinstance(result, Outcome):
            await jobs.store.settle(connection, [result])
        elif result == "done":
            await jobs.store.complete(connection, [job])
    if isinstance(result, Outcome) and result.cause is not None:
        raise result.cause
