"""An empty store for one measure."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.jobs.postgres import Postgres
from benchmarks.jobs.redis_server import redis_server
from benchmarks.jobs.registry import Kind

__all__ = ["empty_store"]


@contextmanager
def empty_store(kind: Kind, server: Postgres) -> Iterator[str]:
    """Make an empty store for as long as the block lasts; its URL.

    Args:
        kind: Which.
        server: The PostgreSQL server of the run.
    """
    if kind == "postgresql":
        with server.database() as url:
            yield url
    elif kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="jobs-benchmark-sqlite-") as folder:
            yield f"sqlite:///{folder}/jobs.db"
    else:
        with redis_server("everysec" if kind == "redis-everysec" else "always") as url:
            yield url
