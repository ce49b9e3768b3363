"""One attempt: run the task of a claimed job, and say what became of it."""

from __future__ import annotations

import asyncio
import logging
import random
import traceback
from contextvars import ContextVar
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, Literal, TypeAlias

from loopline import _tracer
from loopline.database import Database
from loopline.errors import ConfigurationError, DatabaseBusy, LaneFull, LooplineError
from loopline.jobs.complaint import Complaint
from loopline.jobs.job import Claimed
from loopline.jobs.sessions import allow_commit, forbid_commit
from loopline.jobs.signals import Cancel, Snooze
from loopline.jobs.store import Outcome, Store
from loopline.jobs.task import Task
from loopline.jobs.traced import attempted
from loopline.lanes.lane import Lane

__all__ = ["Attempt", "Result", "current_job"]

Result: TypeAlias = Literal["done", "stored"] | Outcome
"""``done``: the completion is still to be stored; ``stored``: it is, or another attempt has the job."""

# How often a job whose arguments this code can't read is left to others, and for how many seconds at most: together
# some two hours, in which a deploy should be done.
MISFITS, LONGEST_MISFIT = 200, 60
MOST_TEXT = 10_000  # characters kept of an error and of its traceback

current_job: ContextVar[Claimed] = ContextVar("loopline.jobs.current_job")
"""The job that runs here: ``current_job.get().id`` and ``.attempt`` make an idempotency key."""

logger = logging.getLogger("loopline.jobs")


class _Overtaken(LooplineError):
    """Raised inside a transaction whose job has been given to another attempt: it must not commit."""


class Attempt:
    """How jobs are run.

    Args:
        db: Where transactional tasks write.
        store: Where their completion goes.
        lane: Where plain functions run that have no lane of their own.
        sessions: How many transactional tasks may run at once; the others wait, within their timeout.
    """

    def __init__(self, db: Database, store: Store, lane: Lane, *, sessions: int) -> None:
        self._db = db
        self._store = store
        self._lane = lane
        self._sessions = asyncio.Semaphore(sessions)
        self._misfits: dict[str, Complaint] = {}

    async def run(self, task: Task[..., ..., Any], job: Claimed) -> Result:
        """Run a job once.

        Raises:
            asyncio.CancelledError: If it is cancelled from outside. The job is then still held.
        """
        tracer = _tracer.active
        if tracer is None:
            return await self._run(task, job)
        return await attempted(tracer, job, partial(self._run, task, job))

    async def _run(self, task: Task[..., ..., Any], job: Claimed) -> Result:
        current_job.set(job)
        try:
            async with asyncio.timeout(job.timeout) as limit:
                try:
                    arguments = task.load(job.arguments)
                except ConfigurationError as error:
                    return self._misfit(task, job, error)
                return await self._call(task, job, arguments)
        except Snooze as snooze:
            return Outcome(job, "scheduled", wait=snooze.seconds, counts=False)
        except Cancel as cancel:
            return Outcome(job, "cancelled", error=_describe(cancel))
        except _Overtaken:
            logger.warning(
                "job %d (%s): attempt %d was overtaken; its writes are rolled back", job.id, job.task, job.attempt
            )
            return "stored"
        except asyncio.CancelledError as error:
            running = asyncio.current_task()
            assert running is not None
            if running.cancelling():
                raise
            return self._failed(task, job, error)  # something inside was cancelled, not this
        except TimeoutError as error:
            late = TimeoutError(f"it took longer than {job.timeout:g} s") if limit.expired() else error
            return self._failed(task, job, late)
        except DatabaseBusy as busy:
            if not task.transactional:
                return self._failed(task, job, busy)
            # No connection was free, here or at the server: nothing of it has happened, and it was not its fault.
            wait = max(busy.retry_after, task.retry.wait(job.attempt))
            return Outcome(job, "scheduled", wait=wait, counts=False, cause=busy)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - kept with the job; sys.exit() ends no service
            return self._failed(task, job, error)

    async def _call(self, task: Task[..., ..., Any], job: Claimed, arguments: dict[str, Any]) -> Result:
        if task.transactional:
            async with self._sessions, self._db.begin() as session:
                forbid_commit(session.sync_session)
                await task.fn(session, **arguments)
                if not await self._store.complete_within(session, job):
                    raise _Overtaken
                allow_commit(session.sync_session)
            return "stored"
        if iscoroutinefunction(task.fn):
            await task.fn(**arguments)
        else:
            lane = task.lane or self._lane
            try:
                await lane.run(partial(task.fn, **arguments), timeout=job.timeout)
            except LaneFull as full:
                raise Snooze(full.retry_after) from full  # it has not begun
        return "done"

    def _misfit(self, task: Task[..., ..., Any], job: Claimed, error: ConfigurationError) -> Outcome:
        """Leave a job to a worker whose code is of the version that enqueued it, as there is one while a deploy rolls.

        It is not tried at first, and the attempt does not count. If nobody comes who can read it, it fails in the end.
        """
        if job.attempt > MISFITS:
            return self._failed(task, job, error)
        complaint = self._misfits.setdefault(job.task, Complaint())
        if complaint.again():
            logger.warning("job %d is left to other workers (%d such times): %s", job.id, complaint.times, error)
        wait = min(job.attempt, LONGEST_MISFIT) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
        return Outcome(job, "scheduled", wait=wait, counts=False, cause=error)

    def _failed(self, task: Task[..., ..., Any], job: Claimed, error: BaseException) -> Outcome:
        last = job.attempt >= job.max_attempts
        wait = 0.0 if last else task.retry.wait(job.attempt)
        logger.log(
            logging.ERROR if last else logging.WARNING,
            "job %d (%s): attempt %d of %d failed%s",
            job.id,
            job.task,
            job.attempt,
            job.max_attempts,
            ", the job is discarded" if last else f", again in {wait:.1f} s",
            exc_info=error,
        )
        return Outcome(
            job,
            "discarded" if last else "retryable",
            wait=wait,
            error=_describe(error),
            traceback=_storable("".join(traceback.format_exception(error)))[-MOST_TEXT:],
            cause=error,
        )


def _describe(error: BaseException) -> str:
    return _storable(f"{type(error).__name__}: {error}")[:MOST_TEXT]


def _storable(text: str) -> str:
    """Leave out what no database takes: NUL, and halves of characters."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
