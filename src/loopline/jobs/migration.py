"""Bring the tables of the jobs to the version that this Loopline needs.

``migrate`` is for a migration tool of the application's own, such as Alembic; ``JobQueue.migrate`` and
``loopline migrate`` do the same.
"""

from __future__ import annotations

from importlib.resources import files

from sqlalchemy import Connection, text

from loopline.errors import ConfigurationError

__all__ = ["NEWEST", "check_version", "migrate", "read_version", "statements", "whole_script"]

NEWEST = 3
_LOCK = 0x6C6F6F706C696E65 & 0x7FFFFFFFFFFFFFFF  # "loopline": the advisory lock that migrations take on PostgreSQL


def statements(number: int, dialect: str) -> list[str]:
    """Return the statements of one migration, the last of which notes that it has been applied.

    Args:
        number: From 1 to NEWEST.
        dialect: ``sqlite`` or ``postgresql``.
    """
    first = ["CREATE TABLE loopline_schema (version INTEGER PRIMARY KEY)"] if number == 1 else []
    source = files("loopline.jobs").joinpath("migrations", f"{number:04}.{dialect}.sql").read_text()
    own = [statement.strip() for statement in source.split(";\n") if statement.strip()]
    return [*first, *own, f"INSERT INTO loopline_schema (version) VALUES ({number:d})"]


def whole_script(dialect: str) -> str:
    """Return all migrations as one SQL script for an empty database.

    Args:
        dialect: ``sqlite`` or ``postgresql``.

    Raises:
        ConfigurationError: If it is another.
    """
    _check_dialect(dialect)
    return "".join(f"{each};\n" for number in range(1, NEWEST + 1) for each in statements(number, dialect))


def read_version(connection: Connection) -> int:
    """Return the version of the tables; 0 if there are none."""
    if not connection.dialect.has_table(connection, "loopline_schema"):
        return 0
    return int(connection.execute(text("SELECT max(version) FROM loopline_schema")).scalar_one() or 0)


def migrate(connection: Connection) -> list[int]:
    """Apply the migrations that are missing, in the connection's transaction; only one process at a time does so.

    In an Alembic migration: ``migration.migrate(op.get_bind())``.

    Args:
        connection: A connection to SQLite or PostgreSQL. Who calls commits.

    Returns:
        The numbers of those that were applied.

    Raises:
        ConfigurationError: If it is a connection to another kind of database.
    """
    dialect = connection.dialect.name
    _check_dialect(dialect)
    _begin_alone(connection)
    missing = list(range(read_version(connection) + 1, NEWEST + 1))
    for number in missing:
        for statement in statements(number, dialect):
            connection.exec_driver_sql(statement)
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


def _begin_alone(connection: Connection) -> None:
    """Let no other process migrate until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    if not driver.in_transaction:
        # Python's sqlite3 begins none before a CREATE: what is applied half could not be rolled back.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _check_dialect(dialect: str) -> None:
    if dialect not in ("sqlite", "postgresql"):
        raise ConfigurationError(f"jobs are stored on SQLite and PostgreSQL, not on {dialect}")
