"""The roster: which workers there are, for people to see, what each says of itself, and what is seen of it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from anyio.to_thread import run_sync
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from loopline.jobs.file_lock import is_held
from loopline.jobs.statements import NOW
from loopline.jobs.worker_facts import WorkerFacts

__all__ = ["MOST_WORKERS", "PresentWorker", "roster"]

MOST_WORKERS = 100  # that are listed, the longest there first

# What runs is counted by its partial index: of each worker at most as many jobs as it runs at once.
_WORKERS = """
    SELECT id, name, host, pid, queues, concurrency, {now} - started_at AS up, {now} - beat_at AS silent,
        (SELECT count(*) FROM loopline_jobs WHERE state = 'running' AND worker = loopline_workers.id) AS busy
    FROM loopline_workers ORDER BY id LIMIT :most"""


@dataclass(frozen=True, slots=True)
class PresentWorker:
    """A worker that is registered.

    Attributes:
        id: Its number.
        facts: What it said of itself; None if it is of a Loopline that did not.
        busy: How many jobs it runs.
        up: Seconds since it registered.
        silent: Seconds since its last sign of life, 0 if it shows one at the moment; None if that is not known, as of
            one on SQLite whose process has ended.
    """

    id: int
    facts: WorkerFacts | None
    busy: int
    up: float
    silent: float | None


async def roster(connection: AsyncConnection) -> list[PresentWorker]:
    """Return the workers that are registered, MOST_WORKERS at most.

    Args:
        connection: A connection in a transaction.
    """
    dialect = connection.dialect.name
    statement = text(_WORKERS.replace("{now}", NOW[dialect]))
    rows = (await connection.execute(statement, {"shift": 0.0, "most": MOST_WORKERS})).all()
    if dialect != "sqlite":
        return [_present(row, row.silent) for row in rows]
    database = connection.engine.url.database or ""
    held = await run_sync(lambda: [is_held(database, row.name) for row in rows])
    return [_present(row, 0.0 if alive else None) for row, alive in zip(rows, held, strict=True)]


def _present(row: Row[tuple[object, ...]], silent: float | None) -> PresentWorker:
    facts = None
    if row.host is not None:
        facts = WorkerFacts(row.host, row.pid, tuple(json.loads(row.queues)), row.concurrency)
    return PresentWorker(row.id, facts, row.busy, max(0.0, row.up), None if silent is None else max(0.0, silent))
