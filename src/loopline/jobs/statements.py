"""The SQL of the jobs, for SQLite and PostgreSQL.

It is written out, since what the planner makes of it decides: a partial index is used only if the query says its
condition literally. Values are always bound; what is put together here are constants of this file.
"""

from __future__ import annotations

from sqlalchemy import TextClause, text

__all__ = ["AMONG", "NOW", "OPEN", "SKIP", "Statements"]

# Seconds since 1970 by the database's clock. PostgreSQL's is the statement's: a volatile one could not use an index.
NOW = {
    "postgresql": "(CAST(extract(epoch FROM statement_timestamp()) AS DOUBLE PRECISION) + :shift)",
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0 + :shift)",
}
SKIP = {"postgresql": "FOR UPDATE SKIP LOCKED", "sqlite": ""}
# Lists come as one value each, so that the statement is the same for any length.
_COMPLETED = {
    # Through the primary key, however large PostgreSQL thinks that the lists are: joined to them, it reads all running
    # jobs for each of these. (The state is written so that no index of running ones fits.)
    "postgresql": """
        WHERE id = ANY(CAST(:ids AS BIGINT[])) AND state || '' = 'running'
            AND attempt = (CAST(:attempts AS INTEGER[]))[array_position(CAST(:ids AS BIGINT[]), id)]""",
    "sqlite": """
        FROM (SELECT ids.value AS id, attempts.value AS attempt FROM json_each(:ids) AS ids
            JOIN json_each(:attempts) AS attempts ON attempts.key = ids.key) AS held
        WHERE loopline_jobs.id = held.id AND loopline_jobs.attempt = held.attempt
            AND loopline_jobs.state = 'running'""",
}
# The ids of a subselect, through the primary key: how many it returns is not known to the planner, which may think that
# to read the whole table is less.
AMONG = {"postgresql": ("= ANY(ARRAY(", "))"), "sqlite": ("IN (", ")")}
# And if nothing else is stored in a claim's transaction, its commit need not wait for
# the disk: a server that loses it, with all its connections, has the job still, available.
_CHOSEN = {
    "postgresql": """id {among}SELECT id FROM chosen{end}
        AND (NOT CAST(:alone AS BOOLEAN) OR set_config('synchronous_commit', 'off', TRUE) IS NOT NULL)""",
    "sqlite": "id {among}SELECT id FROM chosen{end} AND :alone IS NOT NULL",
}
_KNOWN = {
    "postgresql": "task = ANY(CAST(:tasks AS TEXT[]))",
    "sqlite": "task IN (SELECT value FROM json_each(:tasks))",
}
# A job that has not ended.
OPEN = "state IN ('scheduled', 'available', 'running', 'retryable')"

_INSERT = """
    INSERT INTO loopline_jobs
        (task, queue, state, priority, arguments, unique_key, max_attempts, timeout, trace, created_at, run_at)
    VALUES
        (:task, :queue, :state, :priority, :arguments, :key, :most, :timeout, :trace, {now},
        coalesce(CAST(:at AS DOUBLE PRECISION), {now} + :delay))"""
_UNLESS_TAKEN = f" ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL AND {OPEN} DO NOTHING"

_CLAIM = """
    WITH chosen AS (
        SELECT id FROM loopline_jobs
        WHERE state = 'available' AND queue = :queue AND {known}
            AND NOT EXISTS (SELECT 1 FROM loopline_queues WHERE name = :queue AND paused_at IS NOT NULL)
            AND EXISTS (SELECT 1 FROM loopline_workers WHERE id = :worker)
        ORDER BY priority, id LIMIT :limit {skip}
    )
    UPDATE loopline_jobs
    SET state = 'running', worker = :worker, attempt = attempt + 1, cancelling = FALSE,
        started_at = {now}, deadline = {now} + timeout
    WHERE {chosen}
    RETURNING priority, id, task, arguments, attempt, max_attempts, timeout, trace, queue"""

# They are never claimed, so that they gather at the head of their queue.
_UNKNOWN = """
    SELECT DISTINCT task FROM (
        SELECT task FROM loopline_jobs WHERE state = 'available' AND queue = :queue ORDER BY priority, id LIMIT :limit
    ) AS head WHERE NOT {known}"""

_PROMOTE = """
    UPDATE loopline_jobs SET state = 'available' WHERE id {among}
        SELECT id FROM loopline_jobs WHERE state IN ('scheduled', 'retryable') AND run_at <= {now}
        ORDER BY run_at LIMIT :limit {skip}
    {end}"""
_NEXT_DUE = "SELECT min(run_at) - {now} FROM loopline_jobs WHERE state IN ('scheduled', 'retryable')"

_COMPLETE = """
    UPDATE loopline_jobs SET state = 'completed', finished_at = {now} {completed}"""
_COMPLETE_ONE = """
    UPDATE loopline_jobs SET state = 'completed', finished_at = {now}
    WHERE id = :id AND attempt = :attempt AND state = 'running'"""
# A job that somebody wants to be cancelled is not tried again.
_SETTLE = """
    UPDATE loopline_jobs
    SET state = CASE
            WHEN cancelling AND CAST(:state AS TEXT) <> 'discarded' THEN 'cancelled' ELSE CAST(:state AS TEXT) END,
        run_at = {now} + :wait,
        finished_at = CASE WHEN cancelling OR CAST(:state AS TEXT) IN ('cancelled', 'discarded') THEN {now} END,
        max_attempts = max_attempts + :extra
    WHERE id = :id AND attempt = :attempt AND state = 'running'"""

# What is locked is left for the next time: a transaction of a host that is cut off may have it still, and must not keep
# the rest from being taken.
# The first time at once; a job that takes its worker with it each time comes back ever later, up to a minute.
_RESCUE = """
    UPDATE loopline_jobs
    SET state = CASE WHEN cancelling THEN 'cancelled' WHEN attempt >= max_attempts THEN 'discarded'
            ELSE 'retryable' END,
        run_at = {now} + CASE WHEN attempt < 8 THEN (attempt - 1) * (attempt - 1) ELSE 60 END,
        finished_at = CASE WHEN cancelling OR attempt >= max_attempts THEN {now} END
    WHERE id {among}SELECT id FROM loopline_jobs WHERE state = 'running' AND {whose} {skip}{end}
    RETURNING id, attempt"""

# Each by an index of its own, and in its order: what is kept must not be read again and again to find the rest.
_PRUNE_COMPLETED = """
    DELETE FROM loopline_jobs WHERE id {among}
        SELECT id FROM loopline_jobs
        WHERE state = 'completed' AND finished_at < {now} - :keep ORDER BY finished_at LIMIT :limit {skip}
    {end}"""
_PRUNE_FAILED = """
    DELETE FROM loopline_jobs WHERE id {among}
        SELECT id FROM loopline_jobs
        WHERE state IN ('cancelled', 'discarded') AND finished_at < {now} - :keep
        ORDER BY finished_at LIMIT :limit {skip}
    {end}"""


class Statements:
    """The statements for one kind of database.

    Args:
        dialect: ``sqlite`` or ``postgresql``.
    """

    def __init__(self, dialect: str) -> None:
        def sql(source: str) -> TextClause:
            parts = {"now": NOW, "skip": SKIP, "completed": _COMPLETED, "chosen": _CHOSEN, "known": _KNOWN}
            for name, part in parts.items():
                source = source.replace(f"{{{name}}}", part[dialect])
            among, end = AMONG[dialect]
            return text(source.replace("{among}", among).replace("{end}", end))

        self.insert = sql(_INSERT)
        self.insert_returning = sql(_INSERT + " RETURNING id")
        self.insert_unique = sql(_INSERT + _UNLESS_TAKEN + " RETURNING id")
        self.insert_many = sql(_INSERT + _UNLESS_TAKEN)
        self.find_unique = sql(f"SELECT id FROM loopline_jobs WHERE unique_key = :key AND {OPEN}")
        self.claim = sql(_CLAIM)
        self.promote = sql(_PROMOTE)
        self.next_due = sql(_NEXT_DUE)
        self.complete = sql(_COMPLETE)
        self.complete_one = sql(_COMPLETE_ONE)
        self.settle = sql(_SETTLE)
        self.held = sql(
            "SELECT id, task, arguments, attempt, max_attempts, timeout, trace, queue FROM loopline_jobs "
            "WHERE state = 'running' AND worker = :worker"
        )
        self.unknown = sql(_UNKNOWN)
        # One row without a job says that there is the worker.
        self.wanted = sql(
            "SELECT loopline_jobs.id FROM loopline_workers LEFT JOIN loopline_jobs "
            "ON worker = loopline_workers.id AND state = 'running' AND cancelling WHERE loopline_workers.id = :worker"
        )
        self.release = sql(
            "UPDATE loopline_jobs SET state = 'available', max_attempts = max_attempts + 1 "
            "WHERE state = 'running' AND worker = :worker"
        )
        self.now = sql("SELECT {now}")
        self.schedules = sql("SELECT name, enqueued_at FROM loopline_schedules")
        self.add_schedule = sql(
            "INSERT INTO loopline_schedules (name, enqueued_at) VALUES (:name, :at) ON CONFLICT (name) DO NOTHING"
        )
        self.move_schedule = sql(
            "UPDATE loopline_schedules SET enqueued_at = :to WHERE name = :name AND enqueued_at = :seen"
        )
        self.add_failure = sql(
            "INSERT INTO loopline_failures (job, attempt, at, error, traceback) "
            "VALUES (:job, :attempt, {now}, :error, :traceback)"
        )
        self.add_worker = sql(
            "INSERT INTO loopline_workers (name, started_at) VALUES (:name, {now}) "
            "ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id"
        )
        self.describe_worker = sql(
            "UPDATE loopline_workers SET host = :host, pid = :pid, queues = :queues, concurrency = :concurrency, "
            "beat_at = {now} WHERE id = :worker"
        )
        self.beat = sql("UPDATE loopline_workers SET beat = beat + 1, beat_at = {now} WHERE id = :worker")
        self.remove_worker = sql("DELETE FROM loopline_workers WHERE id = :worker")
        self.workers = sql("SELECT id, name, beat FROM loopline_workers")
        self.rescue = sql(_RESCUE.replace("{whose}", "worker = :worker"))
        self.rescue_orphans = sql(_RESCUE.replace("{whose}", "worker NOT IN (SELECT id FROM loopline_workers)"))
        self.rescue_overdue = sql(_RESCUE.replace("{whose}", "deadline < {now} - :grace"))
        self.prune_completed = sql(_PRUNE_COMPLETED)
        self.prune_failed = sql(_PRUNE_FAILED)
