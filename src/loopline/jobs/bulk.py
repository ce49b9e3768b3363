"""What is done with very many jobs at once: in transactions of a limited size, so that nobody waits for long.

A job that somebody else is busy with is left to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeAlias

from sqlalchemy import TextClause, text
from sqlalchemy.exc import IntegrityError

from loopline.database import Database
from loopline.jobs.job import JobState
from loopline.jobs.statements import AMONG, NOW, OPEN, SKIP

__all__ = ["KEY_IS_FREE", "RETRIED", "Progress", "purge", "retry_all"]

Progress: TypeAlias = Callable[[int, int], object]
"""Is called with how many jobs are done, and how many there were at the beginning."""

CHUNK = 1000  # jobs of one transaction
MOST_CONFLICTS = 100  # with jobs that are enqueued meanwhile, in a row

RETRIED = (
    "state = 'available', finished_at = NULL, run_at = {now}, "
    "max_attempts = CASE WHEN max_attempts > attempt THEN max_attempts ELSE attempt + 1 END"
)
KEY_IS_FREE = f"""NOT EXISTS (
    SELECT 1 FROM loopline_jobs AS other
    WHERE other.unique_key = loopline_jobs.unique_key AND other.id <> loopline_jobs.id AND other.{OPEN}
)"""
# Written so that the planner finds the partial indexes.
_ENDED: dict[JobState, str] = {
    "completed": "state = 'completed'",
    "cancelled": "state IN ('cancelled', 'discarded') AND state = 'cancelled'",
    "discarded": "state IN ('cancelled', 'discarded') AND state = 'discarded'",
}


async def retry_all(db: Database, wanted: Mapping[str, str], progress: Progress) -> int:
    """Let jobs run again, the oldest first.

    Args:
        db: The database.
        wanted: Which ones: columns and what is in them.
        progress: Is told after each transaction.

    Returns:
        How many.
    """
    which = " AND ".join(f"{column} = :{column}" for column in wanted)
    # Of jobs with the same key, one: the next look sees that it has the key.
    statement = _sql(
        db,
        f"""
        WITH chosen AS (
            SELECT id, unique_key FROM loopline_jobs
            WHERE {which} AND id > :after AND id <= :last AND {KEY_IS_FREE} ORDER BY id LIMIT {CHUNK} {{skip}}
        )
        UPDATE loopline_jobs SET {RETRIED}
        WHERE id {{among}}SELECT min(id) FROM chosen GROUP BY coalesce(unique_key, CAST(id AS TEXT)){{end}}
        RETURNING id""",
    )
    async with db.begin() as session:
        count = text(f"SELECT count(*), coalesce(max(id), 0) FROM loopline_jobs WHERE {which}")
        total, last = (await session.execute(count, wanted)).one()
    retried, after, conflicts = 0, 0, 0
    while True:
        values = {**wanted, "after": after, "last": last, "shift": 0.0}
        try:
            async with db.begin() as session:
                ids = (await session.scalars(statement, values)).all()
        except IntegrityError:  # a job with one of the keys was enqueued in this moment: the next look sees it
            conflicts += 1
            if conflicts == MOST_CONFLICTS:
                raise
            continue
        if not ids:
            return retried
        retried, after = retried + len(ids), max(ids)  # not again those that have failed again meanwhile
        conflicts = 0
        progress(retried, total)


async def purge(db: Database, states: Sequence[JobState], older_than: timedelta, progress: Progress) -> int:
    """Delete jobs that have ended.

    Args:
        db: The database.
        states: The states of those that are deleted.
        older_than: How long ago they ended, or longer.
        progress: Is told after each transaction.

    Returns:
        How many.
    """
    ended = [f"{_ENDED[state]} AND finished_at <= :until" for state in dict.fromkeys(states)]
    async with db.begin() as session:
        age: dict[str, Any] = {"age": older_than.total_seconds(), "shift": 0.0}
        # Fixed, or it would never be done where jobs end as fast as they are deleted.
        until = {"until": await session.scalar(_sql(db, "SELECT {now} - :age"), age)}
        total = 0
        for which in ended:
            total += await session.scalar(text(f"SELECT count(*) FROM loopline_jobs WHERE {which}"), until) or 0
    purged = 0
    for which in ended:
        chosen = f"SELECT id FROM loopline_jobs WHERE {which} ORDER BY finished_at LIMIT {CHUNK} {{skip}}"
        statement = _sql(db, f"DELETE FROM loopline_jobs WHERE id {{among}}{chosen}{{end}} RETURNING id")
        while True:
            async with db.begin() as session:
                deleted = len((await session.scalars(statement, until)).all())
            if not deleted:
                break
            purged += deleted
            progress(purged, total)
    return purged


def _sql(db: Database, source: str) -> TextClause:
    dialect = db.engine.dialect.name
    among, end = AMONG[dialect]
    for name, part in (("now", NOW[dialect]), ("skip", SKIP[dialect]), ("among", among), ("end", end)):
        source = source.replace(f"{{{name}}}", part)
    return text(source)
