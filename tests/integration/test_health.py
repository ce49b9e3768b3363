"""The routes by which a process is started, given requests, and stopped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from sqlalchemy import text

from loopline import ConfigurationError, Database, DatabaseBusy, JobQueue, health_routes

pytestmark = pytest.mark.anyio

Connect = Callable[[FastAPI], AsyncClient]


@pytest.fixture
def no_answer_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask anew each time, where a test would else have to wait for a second."""
    monkeypatch.setattr("loopline.health.FRESH", 0.0)


def serve(connect: Connect, **checks: Callable[[], object]) -> AsyncClient:
    app = FastAPI()
    app.include_router(health_routes(timeout=0.2, **checks))  # type: ignore[arg-type] # they are, each in its own way
    return connect(app)


async def test_a_process_whose_database_answers_is_ready_and_tells_nothing_else(
    connect: Connect, database_url: str
) -> None:
    async with Database(database_url) as db:
        jobs = JobQueue(db)
        await jobs.migrate()
        http = serve(connect, database=db.ping, jobs=jobs.check_tables)
        for path, status in (("/healthz", "alive"), ("/readyz", "ready")):
            answer = await http.get(path)
            assert (answer.status_code, answer.json()) == (200, {"status": status})
            assert answer.headers["cache-control"] == "no-store"


@pytest.mark.usefixtures("no_answer_holds")
async def test_tables_of_another_version_make_it_unready(connect: Connect, database_url: str) -> None:
    async with Database(database_url) as db:
        jobs = JobQueue(db)
        http = serve(connect, database=db.ping, jobs=jobs.check_tables)
        answer = await http.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"status": "not ready", "failed": ["jobs"]})
        await jobs.migrate()
        assert (await http.get("/readyz")).status_code == 200
        async with db.begin() as session:
            await session.execute(text("UPDATE loopline_schema SET version = version + 100"))
        assert (await http.get("/readyz")).json()["failed"] == ["jobs"]


async def test_a_database_that_can_t_be_reached_makes_it_unready_and_alive_and_its_address_is_told_to_nobody(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    async with Database("postgresql+asyncpg://user:secret@127.0.0.1:1/shop") as db:
        http = serve(connect, database=db.ping)
        answer = await http.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"status": "not ready", "failed": ["database"]})
        assert (await http.get("/healthz")).status_code == 200
    assert "database: " in caplog.text
    assert "secret" not in caplog.text


async def test_a_check_that_hangs_is_one_that_failed(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    http = serve(connect, hanging=hang)
    assert (await http.get("/readyz")).json()["failed"] == ["hanging"]
    assert "no answer within 0.2 s" in caplog.text


async def test_a_database_that_is_busy_is_one_that_answers(connect: Connect) -> None:
    async def busy() -> None:
        raise DatabaseBusy("All database connections are in use. Try again.")

    assert (await serve(connect, database=busy).get("/readyz")).status_code == 200


async def test_many_who_ask_cost_no_more_than_one(connect: Connect) -> None:
    asked = 0

    async def count() -> None:
        nonlocal asked
        asked += 1

    http = serve(connect, counted=count)
    assert (await http.get("/readyz")).status_code == 200
    answers = await asyncio.gather(*(http.get("/readyz") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert asked <= 2, "twice if the machine took a second for it"


@pytest.mark.usefixtures("no_answer_holds")
async def test_the_log_tells_of_a_change_once(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    well = False
    caplog.set_level(logging.INFO, "loopline.health")

    async def check() -> None:
        if not well:
            raise RuntimeError("the tape is full")

    http = serve(connect, tape=check)
    for _ in range(2):
        assert (await http.get("/readyz")).status_code == 503
    well = True
    assert (await http.get("/readyz")).status_code == 200
    assert [record.getMessage() for record in caplog.records] == [
        "not ready: tape: RuntimeError: the tape is full",
        "ready again",
    ]


async def test_a_timeout_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="more than 0"):
        health_routes(timeout=0)
