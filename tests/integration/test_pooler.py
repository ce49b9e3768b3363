"""Behind PgBouncer in transaction mode: sessions and jobs, with fewer connections to the server than clients."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Annotated

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from pooler import SERVERS, Pooler, pooler
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from waiting import until

from loopline import ConfigurationError, Database, JobQueue

__all__ = ["pooler"]

pytestmark = pytest.mark.anyio


db = Database("postgresql+asyncpg://postgres@pooler/postgres", transaction_pooler=True, pool_size=5 * SERVERS)
app = FastAPI()
HAS = text("SELECT count(*) FROM pooled WHERE n = :n")


@app.post("/add")
async def add(session: Annotated[AsyncSession, db.session], n: int) -> None:
    await session.execute(text("INSERT INTO pooled VALUES (:n)"), {"n": n})
    assert await session.scalar(HAS, {"n": n}) == 1


@app.get("/has")
async def has(session: Annotated[AsyncSession, db.read_session], n: int) -> bool:
    return bool(await session.scalar(HAS, {"n": n}))


@app.get("/sync")
def sync(session: Annotated[Session, db.sync_session], n: int) -> bool:
    return bool(session.scalar(HAS, {"n": n}))


async def test_requests_of_all_kinds_share_few_connections(
    pooler: Pooler, connect: Callable[[FastAPI], AsyncClient]
) -> None:
    http = connect(app)
    with db.override(pooler.url):
        async with db:
            async with db.begin() as session:
                await session.execute(text("CREATE TABLE pooled (n INTEGER PRIMARY KEY)"))

            async def client(n: int) -> None:
                for number in range(10 * n, 10 * n + 10):
                    assert (await http.post("/add", params={"n": number})).status_code == 200
                    assert (await http.get("/has", params={"n": number})).json() is True
                    assert (await http.get("/sync", params={"n": number})).json() is True

            await asyncio.gather(*(client(n) for n in range(5 * SERVERS)))
            async with db.begin() as session:
                assert await session.scalar(text("SELECT count(*) FROM pooled")) == 50 * SERVERS
                servers = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
                assert await session.scalar(text(servers)) <= SERVERS


@pytest.mark.parametrize("direct", [False, True], ids=["only the pooler", "and the server directly"])
async def test_jobs_are_enqueued_and_worked_off_through_it(
    pooler: Pooler, direct: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "loopline")
    ran: list[int] = []
    # Without a connection of its own a worker is told nothing, and looks; with one it need not look.
    poll = 3600.0 if direct else 0.1

    def process() -> tuple[Database, JobQueue]:
        server = pooler.direct_url if direct else None
        db = Database(pooler.url, transaction_pooler=True, direct_url=server)
        jobs = JobQueue(db, poll=poll, lease=0.5)

        @jobs.transactional(name="add")
        async def add(session: AsyncSession, n: int) -> None:
            await session.execute(text("UPDATE pooled_sum SET n = n + :n"), {"n": n})

        @jobs.task(name="note")
        async def note(n: int) -> None:
            ran.append(n)

        return db, jobs

    (here, working), (there, enqueuing) = process(), process()
    async with here, there:
        await working.migrate()
        async with here.begin() as session:
            await session.execute(text("DROP TABLE IF EXISTS pooled_sum"))
            await session.execute(text("CREATE TABLE pooled_sum AS SELECT 0 AS n"))
        async with working, enqueuing:
            ears = [each._running.announcements for each in (working, enqueuing) if each._running]
            assert [ear is not None for ear in ears] == [direct, direct]
            await until(lambda: all(ear is None or ear._pid for ear in ears))
            for n in range(1, 11):
                async with there.begin() as session:
                    await enqueuing.tasks["add"].enqueue(session, n)
                    await enqueuing.tasks["note"].enqueue(session, n)
                await until(lambda: n in ran)  # noqa: B023 - it is over before the next
            async with asyncio.timeout(60):
                beats = 0
                while (await working.operations.counts())["default"] != {"completed": 20} or beats < 10:
                    await asyncio.sleep(0.02)
                    async with here.begin() as session:
                        beats = await session.scalar(text("SELECT min(beat) FROM loopline_workers")) or 0
        async with here.begin() as session:
            assert await session.scalar(text("SELECT n FROM pooled_sum")) == 55
            await session.execute(text("DELETE FROM loopline_jobs"))

        async def setting() -> object:
            async with here.begin() as session:
                await session.execute(text("SELECT pg_sleep(0.05)"))  # so that all of them are looked at
                return await session.scalar(text("SHOW synchronous_commit"))

        found = await asyncio.gather(*(setting() for _ in range(2 * SERVERS)))
        assert set(found) == {"on"}, "what a worker sets for itself stays with nobody else"
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"direct_url": "postgresql+asyncpg://server/shop"}, "transaction_pooler=True"),
        ({"direct_url": "sqlite+aiosqlite:///shop.db", "transaction_pooler": True}, "PostgreSQL server behind"),
    ],
)
def test_a_direct_url_that_makes_no_sense_is_refused(options: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        Database("postgresql+asyncpg://pooler/shop", **options)  # type: ignore[call-overload] # one of each kind
