"""How the jobs stand, for somebody who looks every few seconds: each number is bounded, so that none takes long."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from loopline.database import Database
from loopline.jobs.job import JobState
from loopline.jobs.roster import PresentWorker, roster
from loopline.jobs.statements import NOW

__all__ = ["JobsOverview", "Throughput", "overview"]

RECENT = 60.0  # seconds of which the throughput is
MOST_HEADS = 100  # queues whose heads are looked at

# Each state as its partial index has it, and how many times as many are counted: those that wait are in an index with
# their queue, and are what is asked about first; for the others each row is read.
_COUNTED: tuple[tuple[str, str, int], ...] = (
    ("'available' AS state", "state = 'available'", 10),
    ("state", "state IN ('scheduled', 'retryable')", 1),
    ("'running' AS state", "state = 'running'", 1),
    ("'completed' AS state", "state = 'completed'", 1),
    ("state", "state IN ('cancelled', 'discarded')", 1),
)
_COUNT = """
    SELECT queue, state, count(*) FROM (
        SELECT queue, {state} FROM loopline_jobs WHERE {condition} LIMIT :most
    ) AS looked_at GROUP BY queue, state"""
_ENDED = """
    SELECT queue, state, count(*), min(finished_at) FROM (
        SELECT queue, state, finished_at FROM loopline_jobs WHERE {condition} AND finished_at > {now} - :recent
        ORDER BY finished_at DESC LIMIT :most
    ) AS looked_at GROUP BY queue, state"""

_HEAD = text(
    "SELECT run_at FROM loopline_jobs WHERE state = 'available' AND queue = :queue ORDER BY priority, id LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Throughput:
    """How many jobs of a queue ended lately.

    Attributes:
        completed: A second, that completed.
        failed: A second, that were cancelled or discarded.
    """

    completed: float = 0.0
    failed: float = 0.0


@dataclass(frozen=True, slots=True)
class JobsOverview:
    """How the jobs of a database stand.

    Attributes:
        counts: By queue and state, how many there are, of those that were counted.
        more: States of which there are more than were counted.
        paused: The queues that are paused.
        throughput: By queue, over the last minute.
        workers: How many worker processes there are.
        roster: Which they are; of many, the first.
        oldest: Seconds that the job at the head of the line has waited for, by queue; of very many queues, the first.
    """

    counts: dict[str, dict[JobState, int]]
    more: frozenset[JobState]
    paused: frozenset[str]
    throughput: dict[str, Throughput]
    workers: int
    roster: list[PresentWorker]
    oldest: dict[str, float]


async def overview(db: Database, *, most: int = 10_000) -> JobsOverview:
    """Look at the jobs of a database.

    Args:
        db: The database; it must be open.
        most: How many jobs are counted of each group of states that share an index; of available ones ten times as
            many.
    """
    async with db.begin_reading() as session:
        connection = await session.connection()
        now = NOW[connection.dialect.name]
        counts: dict[str, dict[JobState, int]] = {}
        more: set[JobState] = set()
        for state_of, condition, times in _COUNTED:
            statement = text(_COUNT.replace("{state}", state_of).replace("{condition}", condition))
            rows = (await connection.execute(statement, {"most": most * times + 1})).all()
            for queue, state, count in rows:
                counts.setdefault(queue, {})[state] = count
            if sum(count for _, _, count in rows) > most * times:
                more.update(state for _, state, _ in rows)
        rates: dict[str, dict[str, float]] = {}
        present: float = await connection.scalar(text(f"SELECT {now}"), {"shift": 0.0})
        for condition, name in ((_COUNTED[3][1], "completed"), (_COUNTED[4][1], "failed")):
            statement = text(_ENDED.replace("{condition}", condition).replace("{now}", now))
            values = {"most": most, "recent": RECENT, "shift": 0.0}
            ended = (await connection.execute(statement, values)).all()
            # if there were more than are counted, they are those of a shorter time
            full = sum(count for _, _, count, _ in ended) >= most
            seconds = max(0.1, present - min(first for *_, first in ended)) if full else RECENT
            for queue, _, count, _ in ended:
                known = rates.setdefault(queue, {})
                known[name] = known.get(name, 0.0) + count / seconds
        paused = await connection.scalars(text("SELECT name FROM loopline_queues WHERE paused_at IS NOT NULL"))
        workers: int = await connection.scalar(text("SELECT count(*) FROM loopline_workers"))
        listed = await roster(connection)
        oldest = {}
        for queue in sorted(queue for queue, states in counts.items() if "available" in states)[:MOST_HEADS]:
            due: float | None = await connection.scalar(_HEAD, {"queue": queue})
            if due is not None:
                oldest[queue] = max(0.0, present - due)
        held = frozenset(paused)
    throughput = {queue: Throughput(**known) for queue, known in rates.items()}
    for queue in held:
        counts.setdefault(queue, {})
    return JobsOverview(dict(sorted(counts.items())), frozenset(more), held, throughput, workers, listed, oldest)
