"""How the database goes about the statements of a worker.

PostgreSQL plans a prepared statement for its values at first, and later perhaps once for all values. Which of both a
worker gets is PostgreSQL's choice, so both are shown. They are executed: roll back what they did.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, text

from loopline.jobs.statements import Statements

__all__ = ["explain"]

NOOP = "benchmarks.jobs.tasks.noop"
ANALYZE = "EXPLAIN (ANALYZE, BUFFERS) "
CLAIMED = 100

Asked = dict[str, tuple[str, dict[str, Any]]]


def explain(connection: Connection) -> dict[str, list[str]]:
    """Return the plans by statement, in a transaction that is to be rolled back. There must be jobs to claim."""
    statements = Statements(connection.dialect.name)
    if connection.dialect.name == "sqlite":
        asked = _asked(statements, 1, f'["{NOOP}"]', "[1]")
        return {name: _lines(connection, "EXPLAIN QUERY PLAN " + sql, values) for name, (sql, values) in asked.items()}
    worker = connection.execute(statements.add_worker, {"name": "explain", "shift": 0.0}).scalar_one()
    plans: dict[str, list[str]] = {}
    for kind in ("for these values", "for all values"):
        claim = {"worker": worker, "queue": "default", "tasks": [NOOP], "limit": CLAIMED, "alone": True, "shift": 0.0}
        claimed = [row.id for row in connection.execute(statements.claim, claim)]
        for name, (sql, values) in _asked(statements, worker, [NOOP], claimed).items():
            known = kind == "for these values"
            plan = _lines(connection, ANALYZE + sql, values) if known else _generic(connection, name, sql, values)
            plans[f"{name}, {kind}"] = plan
    return plans


def _asked(statements: Statements, worker: int, tasks: Any, claimed: Any) -> Asked:
    attempts = [1] * len(claimed) if isinstance(claimed, list) else claimed
    claim = {"worker": worker, "queue": "default", "tasks": tasks, "limit": CLAIMED, "alone": True, "shift": 0.0}
    return {
        "claim": (statements.claim.text, claim),
        "complete": (statements.complete.text, {"ids": claimed, "attempts": attempts, "shift": 0.0}),
        "promote": (statements.promote.text, {"shift": 0.0, "limit": 1000}),
        "next_due": (statements.next_due.text, {"shift": 0.0}),
        "prune_completed": (statements.prune_completed.text, {"keep": 86400.0, "shift": 0.0, "limit": 1000}),
        "prune_failed": (statements.prune_failed.text, {"keep": 1209600.0, "shift": 0.0, "limit": 1000}),
    }


def _lines(connection: Connection, sql: str, values: dict[str, Any]) -> list[str]:
    return [str(row[-1]) for row in connection.execute(text(sql), values)]


def _generic(connection: Connection, name: str, sql: str, values: dict[str, Any]) -> list[str]:
    names = list(values)
    numbered = re.sub(r":(\w+)", lambda found: f"${names.index(found[1]) + 1}", sql)
    connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
    connection.exec_driver_sql(f"PREPARE plan_of_{name} AS {numbered}")
    given = ", ".join(_literal(value) for value in values.values())
    rows = connection.exec_driver_sql(f"{ANALYZE} EXECUTE plan_of_{name} ({given})").all()
    connection.exec_driver_sql(f"DEALLOCATE plan_of_{name}")
    connection.exec_driver_sql("SET LOCAL plan_cache_mode = auto")
    return [str(row[0]) for row in rows]


def _literal(value: Any) -> str:
    """Write a value of this file as SQL."""
    if isinstance(value, list):
        return f"ARRAY[{', '.join(_literal(part) for part in value)}]"
    return f"'{value}'" if isinstance(value, str) else str(value)
