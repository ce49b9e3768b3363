"""What surrounds the storing of jobs that are to be worked off, which is not measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import redis

__all__ = ["filling"]


@contextmanager
def filling(url: str) -> Iterator[None]:
    """Let Redis write to the disk when it likes meanwhile; and let PostgreSQL look at its tables afterwards.

    A planner that takes a table for empty is what nobody has who runs a queue for more than a minute.
    """
    if url.startswith("unix:"):
        client: Any = redis.Redis.from_url(url)
        kept = client.config_get("appendfsync")["appendfsync"]
        client.config_set("appendfsync", "no")
        yield
        client.config_set("appendfsync", kept)
        client.close()
        return
    yield
    if url.startswith("postgresql:"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
