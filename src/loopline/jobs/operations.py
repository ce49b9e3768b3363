"""What an operator does with jobs: look at them, try one again, cancel one, hold a queue, delete what is old."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from loopline.database import Database
from loopline.errors import ConfigurationError
from loopline.jobs import bulk
from loopline.jobs.bulk import KEY_IS_FREE, RETRIED, Progress
from loopline.jobs.job import Failure, Job, JobState
from loopline.jobs.statements import NOW

__all__ = ["COLUMNS", "Operations", "job_of_row"]

MOST = 1000  # jobs of one list
ENDED: tuple[JobState, ...] = ("completed", "cancelled", "discarded")
AGAIN: tuple[JobState, ...] = ("scheduled", "retryable", "cancelled", "discarded")

COLUMNS = (
    "id, task, arguments, state, queue, priority, attempt, max_attempts, unique_key, "
    "created_at, run_at, started_at, finished_at, trace"
)


def _ignore(done: int, total: int) -> None:
    """Nobody wants to know how far it is."""


class Operations:
    """What an operator does with the jobs of a database, in a transaction for each call.

    Args:
        db: The database; it must be open.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def find(
        self,
        *,
        state: JobState | None = None,
        task: str | None = None,
        queue: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Job]:
        """Return jobs, the newest first, without what their attempts failed of.

        Args:
            state: Only those in this state.
            task: Only those of this task.
            queue: Only those in this queue.
            before: Only those with a lower id: the last of a list, to read on.
            limit: How many at most, up to 1000.

        Raises:
            ConfigurationError: If the limit is not from 1 to 1000.
        """
        if not 1 <= limit <= MOST:
            raise ConfigurationError(f"limit={limit}: ask for 1 to {MOST} jobs")
        given = {"state": state, "task": task, "queue": queue}
        values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        conditions = [f"{name} = :{name}" for name in values]
        if before is not None:
            conditions.append("id < :before")
            values["before"] = before
        where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
        statement = text(f"SELECT {COLUMNS} FROM loopline_jobs {where}ORDER BY id DESC LIMIT :limit")
        async with self._db.begin_reading() as session:
            rows = (await session.execute(statement, values | {"limit": limit})).all()
        return [job_of_row(row, ()) for row in rows]

    async def get(self, job_id: int) -> Job | None:
        """Return one job with what its attempts failed of; None if there is none."""
        async with self._db.begin_reading() as session:
            statement = text(f"SELECT {COLUMNS} FROM loopline_jobs WHERE id = :id")
            row = (await session.execute(statement, {"id": job_id})).one_or_none()
            failures = await session.execute(
                text(
                    "SELECT attempt, at, error, traceback FROM loopline_failures WHERE job = :id ORDER BY attempt, at"
                ),
                {"id": job_id},
            )
            return None if row is None else job_of_row(row, [Failure(a, _when(at), *rest) for a, at, *rest in failures])

    async def retry(self, job_id: int) -> bool:
        """Let a job that waits, was cancelled or was discarded run now, at least once more.

        Returns:
            Whether there is such a job. If another has its unique key by now, it is left as it is.
        """
        try:
            return await self._change(
                f"UPDATE loopline_jobs SET {RETRIED} WHERE id = :id AND {KEY_IS_FREE} "
                f"AND state IN ({', '.join(map(repr, AGAIN))})",
                {"id": job_id},
            )
        except IntegrityError:  # the other one was enqueued in this moment
            return False

    async def retry_all(
        self, state: JobState, *, task: str | None = None, queue: str | None = None, progress: Progress = _ignore
    ) -> int:
        """Do so with all jobs that are in a state now, the oldest first, in transactions of a limited size.

        Args:
            state: ``scheduled``, ``retryable``, ``cancelled`` or ``discarded``.
            task: Only those of this task.
            queue: Only those in this queue.
            progress: Is told after each transaction.

        Returns:
            How many run again. Of those with the same unique key it is one, or none if another job has it.

        Raises:
            ConfigurationError: If a job in this state can't be tried again.
        """
        if state not in AGAIN:
            raise ConfigurationError(f"{state}: only jobs in these states can be tried again: {', '.join(AGAIN)}")
        given = {"state": state, "task": task, "queue": queue}
        wanted = {name: value for name, value in given.items() if value is not None}
        return await bulk.retry_all(self._db, wanted, progress)

    async def cancel(self, job_id: int) -> bool:
        """Cancel a job. One that runs is cancelled where it runs, within the worker's ``poll``; what it has done stays.

        Returns:
            Whether there is such a job that has not ended.
        """
        async with self._db.begin() as session:
            connection = await session.connection()
            waiting = await self._execute(
                connection,
                "UPDATE loopline_jobs SET state = 'cancelled', finished_at = {now} "
                "WHERE id = :id AND state IN ('scheduled', 'available', 'retryable')",
                {"id": job_id},
            )
            return waiting or await self._execute(
                connection,
                "UPDATE loopline_jobs SET cancelling = TRUE WHERE id = :id AND state = 'running'",
                {"id": job_id},
            )

    async def pause(self, queue: str) -> None:
        """Let no job of a queue begin; those that run go on."""
        await self._change(
            "INSERT INTO loopline_queues (name, paused_at) VALUES (:name, {now}) "
            "ON CONFLICT (name) DO UPDATE SET paused_at = coalesce(loopline_queues.paused_at, excluded.paused_at)",
            {"name": queue},
        )

    async def resume(self, queue: str) -> bool:
        """Let jobs of a queue begin again; workers notice within their ``poll``. Whether it was paused."""
        return await self._change(
            "DELETE FROM loopline_queues WHERE name = :name AND paused_at IS NOT NULL", {"name": queue}
        )

    async def counts(self) -> dict[str, dict[JobState, int]]:
        """Return how many jobs of each queue are in each state, and paused queues without any."""
        async with self._db.begin_reading() as session:
            rows = (
                await session.execute(text("SELECT queue, state, count(*) FROM loopline_jobs GROUP BY queue, state"))
            ).all()
            found: dict[str, dict[JobState, int]] = {name: {} for name in await session.scalars(_PAUSED)}
        for queue, state, count in rows:
            found.setdefault(queue, {})[state] = count
        return dict(sorted(found.items()))

    async def paused(self) -> list[str]:
        """Return the queues that are paused."""
        async with self._db.begin_reading() as session:
            return sorted(await session.scalars(_PAUSED))

    async def purge(
        self,
        states: Sequence[JobState] = ENDED,
        *,
        older_than: timedelta = timedelta(0),
        progress: Progress = _ignore,
    ) -> int:
        """Delete jobs that have ended by now, in transactions of a limited size.

        Args:
            states: Only those in these states.
            older_than: Only those that ended so long ago.
            progress: Is told after each transaction.

        Returns:
            How many there were.

        Raises:
            ConfigurationError: If a state is not one in which a job has ended.
        """
        if wrong := set(states) - set(ENDED):
            raise ConfigurationError(
                f"{', '.join(sorted(wrong))}: only jobs that have ended can be purged: {', '.join(ENDED)}"
            )
        return await bulk.purge(self._db, states, older_than, progress)

    async def _change(self, statement: str, values: dict[str, Any]) -> bool:
        async with self._db.begin() as session:
            return await self._execute(await session.connection(), statement, values)

    async def _execute(self, connection: AsyncConnection, statement: str, values: dict[str, Any]) -> bool:
        if "{now}" in statement:
            values = values | {"shift": 0.0}
        return (await connection.execute(self._sql(connection, statement), values)).rowcount > 0

    def _sql(self, connection: AsyncConnection, statement: str) -> Any:
        return text(statement.replace("{now}", NOW[connection.dialect.name]))


_PAUSED = text("SELECT name FROM loopline_queues WHERE paused_at IS NOT NULL")


def job_of_row(row: Any, failures: Sequence[Failure]) -> Job:
    """Return the job that a row with COLUMNS is."""
    return Job(
        id=row.id,
        task=row.task,
        arguments=json.loads(row.arguments),
        state=row.state,
        queue=row.queue,
        priority=row.priority,
        attempt=row.attempt,
        max_attempts=row.max_attempts,
        unique_key=row.unique_key,
        created_at=_when(row.created_at),
        run_at=_when(row.run_at),
        started_at=None if row.started_at is None else _when(row.started_at),
        finished_at=None if row.finished_at is None else _when(row.finished_at),
        trace_id=_trace_id(row.trace),
        failures=tuple(failures),
    )


def _trace_id(stored: str | None) -> str | None:
    """Return what the traceparent of a stored trace begins with, after its version (W3C Trace Context, 3.2)."""
    found = re.search(r'"traceparent": ?"[0-9a-f]{2}-([0-9a-f]{32})-', stored or "")
    return None if found is None else found[1]


def _when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
