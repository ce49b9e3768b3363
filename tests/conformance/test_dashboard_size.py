"""A hundred thousand jobs and a thousand routes: the dashboard does not do more for them, send more, or keep more."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Connection, event, text
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message

from loopline import Database, JobQueue, Watch
from loopline.dashboard.board import Board
from loopline.dashboard.events import EventStream
from loopline.jobs.overview import overview
from loopline.jobs.search import search
from loopline.processes import Neighbours
from loopline.processes.snapshot import Teller
from loopline.testing import client

pytestmark = pytest.mark.anyio

ADD = """
    INSERT INTO loopline_jobs (task, queue, state, priority, arguments, max_attempts, timeout, created_at, run_at,
        finished_at)
    WITH RECURSIVE
        clock (now) AS (SELECT CAST(:now AS DOUBLE PRECISION)),
        numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :many)
    SELECT 'task', 'queue ' || (n % 300), CASE WHEN n <= :waiting THEN 'available' WHEN n % 3 = 0 THEN 'completed'
        WHEN n % 3 = 1 THEN 'discarded' ELSE 'scheduled' END, 0, '{"text": "some argument of a job"}', 5, 300, now,
        now + 3600, CASE WHEN n > :waiting AND n % 3 < 2 THEN now END
    FROM numbers, clock"""
FEW, MANY = 40_000, 100_000  # with the few, of each state there are more than are counted already
WAITING = 2_000  # of these more would be counted
EVENT = 100_000  # bytes


@asynccontextmanager
async def jobs_in(url: str, many: int) -> AsyncIterator[JobQueue]:
    """So many jobs, in many queues. Nothing is run. One connection reads."""
    async with Database(url, pool_size=1) as db:
        jobs = JobQueue(db)
        await jobs.migrate()
        await add(jobs, many, WAITING)
        yield jobs


async def add(jobs: JobQueue, many: int, waiting: int = 0) -> None:
    async with jobs.db.begin() as session:
        connection = await session.connection()
        values = {"many": many, "waiting": waiting, "now": await jobs.store.now(connection)}
        await connection.execute(text(ADD), values)
    async with jobs.db.begin() as session:
        await session.execute(text("ANALYZE"))


async def work(jobs: JobQueue) -> int:
    """How much the database does for one look: steps of SQLite's machine, rows that PostgreSQL reads."""
    if jobs.store.dialect == "sqlite":
        return await steps(jobs.db)
    asked: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        asked.append((statement, parameters))

    engine = jobs.db.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    await look(jobs.db)
    event.remove(engine, "before_cursor_execute", note)

    def explain(connection: Connection) -> int:
        plans = [
            connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
            for statement, parameters in asked
            if "loopline_" in statement
        ]
        assert len(plans) >= 10
        return sum(rows(plan[0]["Plan"]) for plan in plans)

    async with jobs.db.begin() as session:
        return await (await session.connection()).run_sync(explain)


async def look(db: Database) -> None:
    """What the page asks the database for by itself."""
    await overview(db)
    await search(db)


async def steps(db: Database) -> int:
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1

    async with db.begin_reading() as session:
        raw: Any = (await (await session.connection()).get_raw_connection()).driver_connection
        await raw.set_progress_handler(count, 100)
    await look(db)
    return counted


def rows(plan: dict[str, Any]) -> int:
    """The rows that a plan has read from tables and indexes."""
    own = 0
    if "Scan" in plan["Node Type"] and "Relation Name" in plan:
        own = round((plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"])
    return own + sum(rows(inner) for inner in plan.get("Plans", []))


async def test_more_jobs_are_no_more_work(database_url: str) -> None:
    async with jobs_in(database_url, FEW) as jobs:
        few = await work(jobs)
        await add(jobs, MANY - FEW)
        many = await work(jobs)
    assert 0 < many <= 1.1 * few


class Reader:
    """Reads a stream of events until each kind of them has come."""

    def __init__(self) -> None:
        self.events: dict[str, bytes] = {}
        self._gone = asyncio.Event()

    async def send(self, message: Message) -> None:
        body: bytes = message.get("body", b"")
        if body.startswith(b"event: "):
            self.events[body[7 : body.index(b"\n")].decode()] = body
        if self.events.keys() >= {"live", "stalls", "jobs"}:
            self._gone.set()

    async def receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}


async def sent(neighbours: Neighbours) -> dict[str, bytes]:
    """One round of events, as they are sent."""
    reader = Reader()
    async with asyncio.timeout(60):
        await EventStream(Board(neighbours), None, lambda: None)({}, reader.receive, reader.send)
    return reader.events


@asynccontextmanager
async def asked(routes: int) -> AsyncIterator[None]:
    """A service that has answered on so many routes."""
    app = FastAPI()
    app.add_middleware(Watch)
    Teller().tell()  # somebody looks, so that requests are counted

    def endpoint() -> Callable[[Request], Awaitable[Response]]:
        async def answer(_: Request) -> Response:
            return Response()

        return answer

    for number in range(routes):
        app.router.routes.append(Route(f"/a-path-of-some-length/{number:04}/{{item}}", endpoint()))
    async with client(app) as http:
        for number in range(routes):
            assert (await http.get(f"/a-path-of-some-length/{number:04}/1")).status_code == 200
        yield


@pytest.mark.loopline(off=True)  # that watch would count the requests
async def test_a_thousand_routes_and_many_jobs_are_not_more_to_send_or_to_keep(database_url: str) -> None:
    async with jobs_in(database_url, FEW) as jobs, jobs:
        async with asyncio.timeout(60):
            while not (await overview(jobs.db)).workers:  # it is a line of what is sent
                await asyncio.sleep(0.01)
        async with asked(50):
            few = await sent(Neighbours())
        await add(jobs, MANY - FEW)
        async with asked(1000):
            await sent(Neighbours())  # what is made once is there
            tracemalloc.start()
            try:
                many = await sent(Neighbours())
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
    assert many.keys() == {"live", "stalls", "jobs"}
    assert many["live"].count(b"/a-path-of-some-length/") == few["live"].count(b"/a-path-of-some-length/") == 20
    assert few["jobs"].count(b'"paused"') == 100, "so many queues are shown"
    for name in ("live", "jobs"):
        assert len(many[name]) <= min(EVENT, 1.25 * len(few[name])), name
    assert peak < 5_000_000, "bytes in use at most while a round of events is made"
