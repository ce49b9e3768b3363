"""The jobs in the database: what is read and written, on SQLite and PostgreSQL alike.

All of it happens in a transaction that the caller has begun. Times are the database's, never the machine's.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from loopline.jobs.job import Claimed, NewJob
from loopline.jobs.statements import Statements
from loopline.jobs.worker_facts import WorkerFacts

__all__ = ["Outcome", "Store", "Verdict"]

Verdict: TypeAlias = Literal["retryable", "scheduled", "available", "cancelled", "discarded"]

CHUNK = 1000  # rows of one statement, so that none holds its locks for long


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a job whose attempt did not complete.

    Attributes:
        job: What was claimed.
        state: Its next state.
        wait: Seconds until it may run again.
        counts: Whether the attempt counts; if not, it has one more.
        error: The error's type and message; empty if there was none.
        traceback: The end of its traceback.
        cause: The error itself; it is not stored.
    """

    job: Claimed
    state: Verdict
    wait: float = 0.0
    counts: bool = True
    error: str = ""
    traceback: str = ""
    cause: BaseException | None = None


class Store:
    """The jobs of one kind of database.

    Args:
        dialect: ``sqlite`` or ``postgresql``.

    Attributes:
        dialect: The same.
        shift: Seconds that are added to the database's time. For tests.
    """

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.shift = 0.0
        self._sql = Statements(dialect)
        self._arrays = dialect == "postgresql"
        self._dialect: Dialect | None = None  # for which the insertion is compiled
        self._compiled: Any = None

    async def insert(self, session: AsyncSession, job: NewJob) -> int | None:
        """Store a job in the session's transaction.

        Returns:
            Its id; None if a job that has not ended has the same unique key.
        """
        if job.unique_key is not None:
            unique: int | None = await session.scalar(self._sql.insert_unique, self._row(job))
            return unique
        return await session.run_sync(self._insert, job)

    async def insert_many(self, session: AsyncSession, jobs: Iterable[NewJob]) -> None:
        """Store jobs in the session's transaction; of those whose unique key is taken, none."""
        rows = [self._row(job) for job in jobs]
        connection = await session.connection()
        for start in range(0, len(rows), CHUNK):
            await connection.execute(self._sql.insert_many, rows[start : start + CHUNK])

    async def find_unique(self, session: AsyncSession, key: str) -> int | None:
        """Return the job that has not ended and has this unique key."""
        found: int | None = await session.scalar(self._sql.find_unique, {"key": key})
        return found

    async def claim(
        self,
        connection: AsyncConnection,
        worker: int,
        queue: str,
        tasks: Collection[str],
        limit: int,
        *,
        alone: bool = False,
    ) -> list[Claimed]:
        """Take jobs that are available, the best first, unless the queue is paused.

        Args:
            connection: A connection in a transaction.
            worker: Who takes them.
            queue: From which queue.
            tasks: The tasks that the worker knows; jobs of others are left to those who know them.
            limit: How many at most.
            alone: Whether nothing else is stored in the transaction that must outlast a crash of the server.
        """
        values = {
            "alone": alone,
            "worker": worker,
            "queue": queue,
            "tasks": self._list(list(tasks)),
            "limit": limit,
            "shift": self.shift,
        }
        rows = (await connection.execute(self._sql.claim, values)).all()
        return [Claimed(*row[1:]) for row in sorted(rows, key=lambda row: (row[0], row[1]))]

    async def unknown(self, connection: AsyncConnection, queues: Iterable[str], tasks: Collection[str]) -> list[str]:
        """Return tasks other than these that have jobs at the head of these queues."""
        found: set[str] = set()
        for queue in queues:
            values = {"queue": queue, "tasks": self._list(list(tasks)), "limit": CHUNK}
            found.update((await connection.execute(self._sql.unknown, values)).scalars())
        return sorted(found)

    async def promote(self, connection: AsyncConnection) -> int:
        """Make jobs available whose time has come, a limited number; how many there were."""
        done = await connection.execute(self._sql.promote, {"shift": self.shift, "limit": CHUNK})
        return done.rowcount

    async def next_due(self, connection: AsyncConnection) -> float | None:
        """Return in how many seconds the next job's time comes; None if no job waits for a time."""
        due: float | None = await connection.scalar(self._sql.next_due, {"shift": self.shift})
        return due

    async def complete(self, connection: AsyncConnection, done: Sequence[Claimed]) -> None:
        """Complete jobs, except those that were given to another attempt meanwhile."""
        attempts = {job.id: job.attempt for job in sorted(done, key=lambda job: job.attempt)}  # the last, if two
        values = {
            "ids": self._list(list(attempts)),
            "attempts": self._list(list(attempts.values())),
            "shift": self.shift,
        }
        await connection.execute(self._sql.complete, values)

    async def complete_within(self, session: AsyncSession, job: Claimed) -> bool:
        """Complete a job in the transaction of its own effects; False if another attempt has it meanwhile."""
        connection = await session.connection()
        values = {"id": job.id, "attempt": job.attempt, "shift": self.shift}
        return (await connection.execute(self._sql.complete_one, values)).rowcount == 1

    async def settle(self, connection: AsyncConnection, outcomes: Sequence[Outcome]) -> None:
        """Store what becomes of jobs that did not complete, except those that another attempt has meanwhile."""
        for outcome in outcomes:
            job = outcome.job
            values = {
                "id": job.id,
                "attempt": job.attempt,
                "state": outcome.state,
                "wait": outcome.wait,
                "extra": 0 if outcome.counts else 1,
                "shift": self.shift,
            }
            settled = (await connection.execute(self._sql.settle, values)).rowcount
            if settled and outcome.error:
                await self._add_failure(connection, job.id, job.attempt, outcome.error, outcome.traceback)

    async def held(self, connection: AsyncConnection, worker: int) -> list[Claimed]:
        """Return what a worker has claimed, whether it knows or not."""
        return [Claimed(*row) for row in await connection.execute(self._sql.held, {"worker": worker})]

    async def wanted(self, connection: AsyncConnection, worker: int) -> set[int] | None:
        """Return the jobs of a worker that somebody wants to be cancelled; None if the worker is not known any more."""
        rows = (await connection.execute(self._sql.wanted, {"worker": worker})).scalars().all()
        return {job for job in rows if job is not None} if rows else None

    async def add_worker(self, connection: AsyncConnection, name: str, facts: WorkerFacts | None = None) -> int:
        """Register a worker, with what it says of itself; its id. The same name gets the same id."""
        added: int = (await connection.execute(self._sql.add_worker, {"name": name, "shift": self.shift})).scalar_one()
        if facts is not None:
            values = asdict(facts) | {"queues": json.dumps(facts.queues), "worker": added, "shift": self.shift}
            await connection.execute(self._sql.describe_worker, values)
        return added

    async def beat(self, connection: AsyncConnection, worker: int) -> None:
        """Show that a worker is alive."""
        await connection.execute(self._sql.beat, {"worker": worker, "shift": self.shift})

    async def release(self, connection: AsyncConnection, worker: int) -> None:
        """Make what a worker still holds available, and forget it."""
        await connection.execute(self._sql.release, {"worker": worker})
        await connection.execute(self._sql.remove_worker, {"worker": worker})

    async def beats(self, connection: AsyncConnection) -> dict[int, int]:
        """Return how often each worker has shown that it is alive."""
        return {worker: beat for worker, _, beat in await connection.execute(self._sql.workers)}

    async def worker_names(self, connection: AsyncConnection) -> list[tuple[int, str]]:
        """Return the workers, each with its name."""
        return [(worker, name) for worker, name, _ in await connection.execute(self._sql.workers)]

    async def rescue(self, connection: AsyncConnection, worker: int) -> int:
        """Take the jobs from a worker that is gone, and forget it. Those without an attempt left are discarded.

        Returns:
            How many there were.
        """
        rescued = await self._rescue(connection, self._sql.rescue, {"worker": worker}, _GONE)
        await connection.execute(self._sql.remove_worker, {"worker": worker})
        return rescued

    async def rescue_orphans(self, connection: AsyncConnection) -> int:
        """Take the jobs from workers that nobody knows any more; how many there were."""
        return await self._rescue(connection, self._sql.rescue_orphans, {}, _GONE)

    async def rescue_overdue(self, connection: AsyncConnection, grace: float) -> int:
        """Take the jobs that are held for longer than their timeout and a grace, in seconds; how many there were."""
        return await self._rescue(connection, self._sql.rescue_overdue, {"grace": grace}, _OVERDUE)

    async def now(self, connection: AsyncConnection) -> float:
        """Return the time, in seconds since 1970."""
        now: float = (await connection.execute(self._sql.now, {"shift": self.shift})).scalar_one()
        return now

    async def schedules(self, connection: AsyncConnection) -> dict[str, float]:
        """Return when each schedule was last enqueued, or began."""
        rows = await connection.execute(self._sql.schedules)
        return {row.name: row.enqueued_at for row in rows}

    async def add_schedule(self, connection: AsyncConnection, name: str, at: float) -> None:
        """Let a schedule begin at a time, unless it has begun."""
        await connection.execute(self._sql.add_schedule, {"name": name, "at": at})

    async def move_schedule(self, connection: AsyncConnection, name: str, seen: float, to: float) -> bool:
        """Note that a schedule is enqueued; False if somebody else has done so since it was looked at."""
        values = {"name": name, "seen": seen, "to": to}
        return (await connection.execute(self._sql.move_schedule, values)).rowcount == 1

    async def prune(self, connection: AsyncConnection, keep_completed: float, keep_failed: float) -> int:
        """Delete a limited number of jobs that ended so many seconds ago.

        Returns:
            How many there were.
        """
        pruned = 0
        for statement, keep in ((self._sql.prune_completed, keep_completed), (self._sql.prune_failed, keep_failed)):
            values = {"keep": keep, "shift": self.shift, "limit": CHUNK}
            pruned += (await connection.execute(statement, values)).rowcount
        return pruned

    def _insert(self, session: Session, job: NewJob) -> int:
        """Store a job that is not unique. This is what a request waits for: it is done as fast as it can be.

        The statement is compiled once, and the id comes without a row where the driver tells it anyway: together a
        sixth of an enqueue's own time on either database.
        """
        connection = session.connection()
        if connection.dialect is not self._dialect:
            statement = self._sql.insert_returning if self._arrays else self._sql.insert
            self._dialect, self._compiled = connection.dialect, statement.compile(dialect=connection.dialect)
        compiled, row = self._compiled, self._row(job)
        names = compiled.positiontup  # None for drivers that take values by name
        done = connection.exec_driver_sql(compiled.string, row if names is None else tuple(row[name] for name in names))
        inserted: int = done.scalar_one() if self._arrays else done.lastrowid
        return inserted

    async def _rescue(self, connection: AsyncConnection, statement: Any, values: dict[str, Any], why: str) -> int:
        rows = (await connection.execute(statement, values | {"shift": self.shift})).all()
        for job, attempt in rows:
            await self._add_failure(connection, job, attempt, why, "")
        return len(rows)

    async def _add_failure(
        self, connection: AsyncConnection, job: int, attempt: int, error: str, traceback: str
    ) -> None:
        values = {"job": job, "attempt": attempt, "error": error, "traceback": traceback, "shift": self.shift}
        await connection.execute(self._sql.add_failure, values)

    def _row(self, job: NewJob) -> dict[str, Any]:
        return {
            "task": job.task,
            "queue": job.queue,
            "state": "scheduled" if job.delay or job.at is not None else "available",
            "priority": job.priority,
            "arguments": job.arguments,
            "key": job.unique_key,
            "most": job.max_attempts,
            "timeout": job.timeout,
            "trace": job.trace,
            "delay": job.delay,
            "at": job.at,
            "shift": self.shift,
        }

    def _list(self, values: list[Any]) -> Any:
        return values if self._arrays else json.dumps(values)


_GONE = "WorkerLost: the worker process ended, or was cut off, while it ran this attempt"
_OVERDUE = (
    "WorkerLost: the worker neither finished this attempt nor gave it up by its timeout: its event loop is blocked"
)
