"""An application whose jobs are in several databases: all are shown, and what is done is done to the right one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from prometheus_client.parser import text_string_to_metric_families as parse
from sqlalchemy import text

from loopline import Dashboard, Database, JobQueue, Metrics
from loopline.dashboard.board import Board
from loopline.processes import Neighbours

pytestmark = pytest.mark.anyio

HERE = "http://localhost:8000"


@asynccontextmanager
async def opened(url: str, task: str, number: int) -> AsyncIterator[JobQueue]:
    """A JobQueue with so many jobs of a task, all of them held."""
    db = Database(url)
    jobs = JobQueue(db, poll=0.05)

    @jobs.task(name=task)
    async def nothing(number: int) -> None: ...

    async with db:
        await jobs.migrate()
        await jobs.operations.pause("default")
        async with db.begin() as session:
            await jobs.enqueue_many(session, [nothing.job(each) for each in range(number)])
        async with jobs:
            yield jobs


@pytest.fixture
async def two(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[JobQueue, JobQueue]]:
    """Jobs in two databases, which have the same ids and queues."""
    async with (
        opened(database_url, "bill", 2) as first,
        opened(f"sqlite+aiosqlite:///{tmp_path}/other.db", "mail", 3) as second,
    ):
        yield first, second


@pytest.fixture
async def http() -> AsyncIterator[AsyncClient]:
    app = FastAPI()
    app.mount("/loopline", Dashboard(authorize=lambda: None))
    app.mount("/metrics", Metrics())
    async with AsyncClient(
        transport=ASGITransport(app), base_url=f"{HERE}/loopline/", headers={"Origin": HERE}, timeout=60
    ) as http:
        yield http


async def stores() -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = (await Board(Neighbours()).jobs())["stores"]
    return told


async def test_every_database_is_shown_with_its_queues(two: tuple[JobQueue, JobQueue]) -> None:
    first, second = await stores()
    assert [first["queues"][0]["counts"], second["queues"][0]["counts"]] == [{"available": 2}, {"available": 3}]
    assert second["name"] == "other.db"
    assert first["key"] != second["key"]
    assert "/" not in first["key"] + first["name"], "where a file is, is nobody's business"


async def test_without_a_queue_there_is_nothing(http: AsyncClient) -> None:
    assert await stores() == []
    assert (await http.get("jobs")).status_code == 404


async def test_what_is_asked_for_and_done_is_of_the_database_that_is_named(
    two: tuple[JobQueue, JobQueue], http: AsyncClient
) -> None:
    first, second = [store["key"] for store in await stores()]
    for store, task, number in ((first, "bill", 2), (second, "mail", 3)):
        listed = (await http.get("jobs", params={"store": store})).json()["jobs"]
        assert [job["task"] for job in listed] == [task] * number
        assert (await http.get("jobs/1", params={"store": store})).json()["task"] == task
        assert (await http.get("jobs/names", params={"store": store})).json()["tasks"] == [task]
    assert (await http.post("jobs/cancel", json={"id": 1, "store": second})).json() == {"done": True}
    assert [(await jobs.operations.get(1)).state for jobs in two] == ["available", "cancelled"]  # type: ignore[union-attr]
    assert (await http.post("jobs/retry", json={"id": 1, "store": second})).json() == {"done": True}
    assert (await http.post("queues/resume", json={"queue": "default", "store": second})).json() == {"done": True}
    assert [await jobs.operations.paused() for jobs in two] == [["default"], []]
    assert (await http.post("queues/pause", json={"queue": "mail", "store": first})).json() == {"done": True}
    assert [await jobs.operations.paused() for jobs in two] == [["default", "mail"], []]


async def test_of_several_databases_one_has_to_be_named(two: tuple[JobQueue, JobQueue], http: AsyncClient) -> None:
    for asked, data in (("jobs/cancel", {"id": 1}), ("queues/resume", {"queue": "default"})):
        assert (await http.post(asked, json=data)).status_code == 422
        assert (await http.post(asked, json=data | {"store": "0" * 12})).status_code == 404
        assert (await http.post(asked, json=data | {"store": "../other.db"})).status_code == 422
    for asked in ("jobs", "jobs/1", "jobs/names"):
        assert (await http.get(asked)).status_code == 422
    assert [(await jobs.operations.counts())["default"].get("cancelled") for jobs in two] == [None, None]


async def test_a_database_that_is_away_leaves_the_other(two: tuple[JobQueue, JobQueue]) -> None:
    async with two[1].db.begin() as session:
        await session.execute(text("DROP TABLE loopline_queues"))
    first, second = await stores()
    assert first["queues"][0]["counts"] == {"available": 2}
    assert "does not answer" in second["problem"]


async def test_queues_on_one_database_are_one_with_the_tasks_of_both(database_url: str, http: AsyncClient) -> None:
    async with opened(database_url, "bill", 2), opened(database_url, "mail", 3):
        (only,) = await stores()
        assert only["queues"][0]["counts"] == {"available": 5}
        assert (await http.get("jobs/names")).json()["tasks"] == ["bill", "mail"]
        assert (await http.get("jobs/1")).json()["task"] == "bill"


async def test_the_metrics_tell_the_databases_apart_though_they_have_one_name(
    tmp_path: Path, http: AsyncClient
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with (
        opened(f"sqlite+aiosqlite:///{tmp_path}/a/shop.db", "bill", 2),
        opened(f"sqlite+aiosqlite:///{tmp_path}/b/shop.db", "mail", 3),
    ):
        answer = await http.get(f"{HERE}/metrics/")
    values: dict[str, dict[str, float]] = {"loopline_jobs": {}, "loopline_jobs_database_up": {}}
    for family in parse(answer.text):
        if family.name in values:
            values[family.name] |= {sample.labels["database"]: sample.value for sample in family.samples}
    first, second = values["loopline_jobs"]
    assert values["loopline_jobs"] == {first: 2, second: 3}
    assert values["loopline_jobs_database_up"] == {first: 1, second: 1}
    assert first == "shop.db"
    assert second.startswith("shop.db (")
