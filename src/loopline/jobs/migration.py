"""Bring the tables of the jobs to the version that this Loopline needs."""

from __future__ import annotations

from importlib.resources import files

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from loopline.errors import ConfigurationError

__all__ = ["NEWEST", "check_version", "migrate", "read_version", "script", "whole_script"]

NEWEST = 1
_SCHEMA_TABLE = "CREATE TABLE loopline_schema (version INTEGER PRIMARY KEY)"
_NUMBERED = "INSERT INTO loopline_schema (version) VALUES (:number)"
_LOCK = 0x6C6F6F706C696E65 & 0x7FFFFFFFFFFFFFFF  # "loopline": the advisory lock that migrations take on PostgreSQL


def script(number: int, dialect: str) -> list[str]:
    """Return the statements of one migration.

    Args:
        number: From 1 to NEWEST.
        dialect: ``sqlite`` or ``postgresql``.
    """
    source = files("loopline.jobs").joinpath("migrations", f"{number:04}.{dialect}.sql").read_text()
    return [statement.strip() for statement in source.split(";\n") if statement.strip()]


def whole_script(dialect: str) -> str:
    """Return all migrations as one SQL script for an empty database.

    Args:
        dialect: ``sqlite`` or ``postgresql``.

    Raises:
        ConfigurationError: If it is another.
    """
    if dialect not in ("sqlite", "postgresql"):
        raise ConfigurationError(f"jobs are stored on SQLite and PostgreSQL, not on {dialect}")
    statements = [_SCHEMA_TABLE]
    for number in range(1, NEWEST + 1):
        statements += [*script(number, dialect), _NUMBERED.replace(":number", str(number))]
    return ";\n".join(statements) + ";"


async def read_version(connection: AsyncConnection) -> int:
    """Return the version of the tables; 0 if there are none."""
    known = await connection.run_sync(lambda sync: sync.dialect.has_table(sync, "loopline_schema"))
    if not known:
        return 0
    return int((await connection.execute(text("SELECT max(version) FROM loopline_schema"))).scalar_one() or 0)


async def migrate(connection: AsyncConnection) -> list[int]:
    """Apply the migrations that are missing, in the connection's transaction; only one does so at a time.

    On SQLite the transaction must hold the write lock already.

    Returns:
        The numbers of those that were applied.
    """
    dialect = connection.dialect.name
    if dialect == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    version = await read_version(connection)
    if version == 0:
        await connection.execute(text(_SCHEMA_TABLE))
    missing = list(range(version + 1, NEWEST + 1))
    for number in missing:
        for statement in script(number, dialect):
            await connection.exec_driver_sql(statement)
        await connection.execute(text(_NUMBERED), {"number": number})
    return missing


def check_version(version: int) -> None:
    """Refuse tables that this Loopline can't work with. Those of the next version it can.

    Raises:
        ConfigurationError: If they are missing, too old or too new.
    """
    if version == 0:
        raise ConfigurationError("the database has no tables for jobs: run `loopline migrate` once, at a deploy")
    if version < NEWEST:
        raise ConfigurationError(
            f"the tables of the jobs are of version {version}, and this Loopline needs {NEWEST}: "
            "run `loopline migrate` once, at the deploy"
        )
    if version > NEWEST + 1:
        raise ConfigurationError(
            f"the tables of the jobs are of version {version}, and this Loopline knows up to {NEWEST + 1}: update it"
        )
