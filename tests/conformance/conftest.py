"""What the conformance suites share."""

from __future__ import annotations

import os

import pytest
from databases import database_url, new_postgres_database, postgres_server, postgres_url, sqlite_url
from lane_kinds import Kind

__all__ = ["database_url", "new_postgres_database", "postgres_server", "postgres_url", "sqlite_url"]

# A connection to the cluster takes a second and a worker process of its own, so that the whole suite takes minutes on
# it. `make chaos` runs all of it; the tests, those where the cluster could make a difference.
ON_CLUSTER = {
    "test_an_error_of_the_function_arrives_unchanged_and_tells_where_it_arose",
    "test_context_variables_come_along_where_the_lane_says_so",
    "test_no_more_run_than_there_are_places_and_the_others_wait_in_line",
    "test_a_call_that_is_late_while_it_runs_is_given_up",
    "test_a_cancelled_call_is_given_up_at_once",
    "test_map_keeps_the_order_of_the_items",
    "test_a_closed_lane_leaves_no_thread_and_no_process",
    "test_the_items_arrive_in_order_and_then_it_ends",
    "test_the_generator_waits_for_a_consumer_that_is_slower",
    "test_leaving_the_block_closes_the_generator",
    "test_a_call_is_part_of_the_request_and_the_function_runs_inside_it",
    "test_a_stream_is_a_span_until_its_generator_has_ended",
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long part of what runs on the cluster to `make chaos`."""
    if os.environ.get("LOOPLINE_CHAOS") == "long":
        return
    left_out = [
        item
        for item in items
        if (kind := _kind_of(item)) is not None and kind.on_cluster and item.name.partition("[")[0] not in ON_CLUSTER
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True)
def _cluster(request: pytest.FixtureRequest) -> None:
    """Have the Ray cluster run where a test's kind of lane needs it."""
    kind = _kind_of(request.node)
    if kind is not None and kind.on_cluster:
        request.getfixturevalue("ray_cluster")


def _kind_of(item: pytest.Item) -> Kind | None:
    callspec = getattr(item, "callspec", None)
    kind = None if callspec is None else callspec.params.get("kind")
    return kind if isinstance(kind, Kind) else None
