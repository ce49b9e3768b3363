"""Find jobs of which something is known, at a bounded cost however many there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from loopline.database import Database
from loopline.jobs.job import Job, JobState
from loopline.jobs.operations import COLUMNS, job_of_row

__all__ = ["LOOKED_AT", "Search", "search"]

LOOKED_AT = 50_000  # jobs, the newest: of those the wanted ones are chosen
SHORT = 2000  # characters of arguments; of longer ones a list has nothing

_SHORT = f"CASE WHEN length(arguments) <= {SHORT} THEN arguments ELSE '{{}}' END AS arguments"

# For each state, in which order its partial index has the jobs; written so that the planner finds it.
_BY_STATE: dict[JobState, tuple[str, str]] = {
    "available": ("state = 'available'", "queue, priority, id"),
    "scheduled": ("state IN ('scheduled', 'retryable') AND state = 'scheduled'", "run_at"),
    "retryable": ("state IN ('scheduled', 'retryable') AND state = 'retryable'", "run_at"),
    "running": ("state = 'running'", "worker"),
    "completed": ("state = 'completed'", "finished_at DESC"),
    "cancelled": ("state IN ('cancelled', 'discarded') AND state = 'cancelled'", "finished_at DESC"),
    "discarded": ("state IN ('cancelled', 'discarded') AND state = 'discarded'", "finished_at DESC"),
}


@dataclass(frozen=True, slots=True)
class Search:
    """What was found.

    Attributes:
        jobs: The jobs, the newest first, without what their attempts failed of.
        more: Whether there are more, with lower ids than the last.
        complete: Whether all jobs were looked at; else only LOOKED_AT of them.
    """

    jobs: list[Job]
    more: bool
    complete: bool


async def search(
    db: Database,
    *,
    state: JobState | None = None,
    task: str | None = None,
    queue: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Search:
    """Find jobs, the newest first.

    Args:
        db: The database; it must be open.
        state: Only those in this state.
        task: Only those of this task.
        queue: Only those in this queue.
        before: Only those with a lower id.
        limit: How many at most.
    """
    condition, order = _BY_STATE[state] if state else ("id < :before", "id DESC")
    given = {"task": task, "queue": queue}
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    wanted = " AND ".join(["id < :before", *(f"{name} = :{name}" for name in values)])
    columns = COLUMNS.replace("arguments", _SHORT)
    statement = text(
        f"SELECT {columns} FROM loopline_jobs WHERE id IN ("
        f"SELECT id FROM loopline_jobs WHERE {condition} ORDER BY {order} LIMIT :looked_at"
        f") AND {wanted} ORDER BY id DESC LIMIT :limit"
    )
    looked_at = LOOKED_AT if state or values else limit + 1
    values |= {"before": 2**62 if before is None else before, "looked_at": looked_at, "limit": limit + 1}
    looked = text(f"SELECT count(*) FROM (SELECT 1 FROM loopline_jobs WHERE {condition} LIMIT :looked_at) AS looked_at")
    known = {name: values[name] for name in ("before", "looked_at") if f":{name}" in looked.text}
    async with db.begin_reading() as session:
        rows = (await session.execute(statement, values)).all()
        complete = looked_at < LOOKED_AT or (await session.scalar(looked, known) or 0) < LOOKED_AT
    found = [job_of_row(row, ()) for row in rows[:limit]]
    return Search(found, len(rows) > limit, complete)
