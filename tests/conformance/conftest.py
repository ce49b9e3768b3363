"""What the conformance suites share."""

from __future__ import annotations

import pytest
from databases import database_url, new_postgres_database, postgres_server, postgres_url, sqlite_url
from lane_kinds import Kind
from ray_cluster import ray_cluster

__all__ = ["database_url", "new_postgres_database", "postgres_server", "postgres_url", "ray_cluster", "sqlite_url"]


@pytest.fixture(autouse=True)
def _cluster(request: pytest.FixtureRequest) -> None:
    """Have the Ray cluster run where a test's kind of lane needs it."""
    callspec = getattr(request.node, "callspec", None)
    kind = callspec.params.get("kind") if callspec is not None else None
    if isinstance(kind, Kind) and kind.on_cluster:
        request.getfixturevalue("ray_cluster")
