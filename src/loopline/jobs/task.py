"""A task: a function whose calls can be stored as jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from loopline.errors import ConfigurationError
from loopline.jobs.arguments import Arguments
from loopline.jobs.job import NewJob, OnConflict
from loopline.jobs.retry import Retry
from loopline.lanes.lane import Lane

if TYPE_CHECKING:
    from loopline.jobs.queue import JobQueue

__all__ = ["Task"]

P = ParamSpec("P")  # what is stored
C = ParamSpec("C")  # what the function takes: for a transactional task, the session comes first
R = TypeVar("R")


@dataclass(frozen=True, slots=True, eq=False)
class Task(Generic[P, C, R]):
    """A function whose calls can be stored as jobs. ``@jobs.task`` and ``@jobs.transactional`` make one.

    It can still be called as the function that it was.

    Attributes:
        name: What is stored of it with a job.
        fn: The function.
        transactional: Whether it runs in one transaction with its completion.
        queue: Where its jobs go.
        priority: Lower ones first within their queue.
        retry: How often a job is tried.
        timeout: Seconds that one attempt may take.
        lane: Where it runs if it is a plain function; None for threads of the queue's own.
    """

    name: str
    fn: Callable[C, R]
    transactional: bool
    queue: str
    priority: int
    retry: Retry
    timeout: float
    lane: Lane | None
    _jobs: JobQueue
    _arguments: Arguments
    _delay: float = 0.0
    _at: float | None = None
    _unique: str | None = None
    _on_conflict: OnConflict = "keep"

    @property
    def secret(self) -> frozenset[str]:
        """The names of arguments, at any depth, whose type says that they are secret, such as ``SecretStr``."""
        return self._arguments.secret

    def __call__(self, *args: C.args, **kwargs: C.kwargs) -> R:
        """Call the function here and now."""
        return self.fn(*args, **kwargs)

    async def enqueue(self, session: AsyncSession, /, *args: P.args, **kwargs: P.kwargs) -> int:
        """Store a job in the session's transaction: it exists once that commits, and never if it is rolled back.

        Args:
            session: A session of the same database as the queue's.
            args: The task's arguments; for a transactional task, those after the session.
            kwargs: The same, by name.

        Returns:
            The job's id; of the one that is there already, if ``unique`` found one and keeps it.

        Raises:
            ConfigurationError: If the arguments don't fit or are no JSON, or the session is of another database.
            DuplicateJob: If ``unique`` found one and ``on_conflict`` is ``raise``. With ``keep`` only if others with
                the key come and end, between two statements each, 100 times in a row.
        """
        return await self._jobs.enqueue(session, self.job(*args, **kwargs))

    def job(self, *args: P.args, **kwargs: P.kwargs) -> NewJob:
        """Return a job that is not stored yet, for ``enqueue_many``.

        Raises:
            ConfigurationError: If the arguments don't fit or are no JSON.
        """
        return NewJob(
            task=self.name,
            arguments=self._arguments.dump(args, kwargs),
            queue=self.queue,
            priority=self.priority,
            max_attempts=self.retry.attempts,
            timeout=self.timeout,
            delay=self._delay,
            at=self._at,
            unique_key=None if self._unique is None else f"{self.name}:{self._unique}",
            on_conflict=self._on_conflict,
        )

    def options(
        self,
        *,
        delay: float | None = None,
        at: datetime | None = None,
        queue: str | None = None,
        priority: int | None = None,
        unique: str | None = None,
        on_conflict: OnConflict = "keep",
    ) -> Task[P, C, R]:
        """Return the same task for jobs with other options: ``await task.options(delay=60).enqueue(session, …)``.

        Args:
            delay: Seconds to wait, by the database's clock.
            at: When it may run at the earliest, with a time zone.
            queue: Another queue, of those that the JobQueue has.
            priority: Another priority; lower ones first.
            unique: A key that at most one job of this task has that has not ended.
            on_conflict: What happens if there is one: ``keep`` leaves it alone and returns its id, ``raise`` raises
                DuplicateJob.

        Raises:
            ConfigurationError: If they can't work.
        """
        if queue is not None and queue not in self._jobs.queues:
            raise ConfigurationError(
                f"task {self.name}: no worker looks into the queue {queue!r}. Name it in JobQueue(db, queues=[…]); "
                f"there are {', '.join(self._jobs.queues)}"
            )
        if delay is not None and at is not None:
            raise ConfigurationError(f"task {self.name}: give delay or at, not both")
        if delay is not None and delay < 0:
            raise ConfigurationError(f"task {self.name}: delay={delay} is in the past. Give seconds of 0 or more")
        if at is not None and at.tzinfo is None:
            raise ConfigurationError(f"task {self.name}: at={at} has no time zone. Write datetime(…, tzinfo=UTC)")
        return replace(
            self,
            _delay=self._delay if delay is None else delay,
            _at=self._at if at is None else at.timestamp(),
            queue=self.queue if queue is None else queue,
            priority=self.priority if priority is None else priority,
            _unique=self._unique if unique is None else unique,
            _on_conflict=on_conflict,
        )

    def load(self, stored: str) -> dict[str, Any]:
        """Return the arguments of a stored job, by name.

        Raises:
            ConfigurationError: If they don't fit the task any more.
        """
        return self._arguments.load(stored)
