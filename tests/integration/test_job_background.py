"""``jobs.background``: called as FastAPI's BackgroundTasks are, and as safe as the request's own transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, HTTPException
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from loopline import Database, JobQueue
from loopline.jobs import Background
from loopline.jobs.testing import drain, enqueued

pytestmark = pytest.mark.anyio

db = Database("sqlite+aiosqlite:///overridden.db")
jobs = JobQueue(db)
app = FastAPI()
sent: list[tuple[str, int]] = []


@jobs.task
def send(to: str, copies: int = 1) -> None:
    sent.append((to, copies))


@jobs.transactional
async def note(session: AsyncSession, what: str) -> None:
    await session.execute(text("INSERT INTO notes VALUES (:what)"), {"what": what})


@app.post("/orders")
async def create_order(
    session: Annotated[AsyncSession, db.session], background: Annotated[Background, jobs.background], wrong: str = ""
) -> str:
    await session.execute(text("INSERT INTO notes VALUES ('order')"))
    background.add_task(send, "Ada", copies=2)
    background.add_task(note.options(priority=-1), "receipt")
    if wrong == "argument":
        background.add_task(send, copies="many")  # type: ignore[call-arg, arg-type]
    if wrong == "endpoint":
        raise HTTPException(409, "no")
    if wrong == "commit":
        await session.execute(text("INSERT INTO children VALUES (404)"))
    return "ordered"


@pytest.fixture(autouse=True)
async def opened(database_url: str) -> AsyncIterator[None]:
    sent.clear()
    with db.override(database_url):
        async with db:
            await jobs.migrate()
            async with db.begin() as session:
                await session.execute(text("CREATE TABLE notes (what TEXT)"))
                await session.execute(text("CREATE TABLE parents (id INTEGER PRIMARY KEY)"))
                await session.execute(
                    text("CREATE TABLE children (p INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)")
                )
            yield


async def _order(**query: str) -> int:
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://test") as http:
        return (await http.post("/orders", params=query)).status_code


async def _notes() -> list[Any]:
    async with db.begin() as session:
        return list(await session.scalars(text("SELECT what FROM notes ORDER BY what")))


async def test_what_is_added_is_stored_with_the_request_and_runs_after_it() -> None:
    assert await _order() == 200
    assert [job.priority for job in await enqueued(jobs)] == [0, -1]
    await drain(jobs)
    assert sent == [("Ada", 2)]
    assert await _notes() == ["order", "receipt"]


@pytest.mark.parametrize(("wrong", "status"), [("endpoint", 409), ("argument", 500), ("commit", 500)])
async def test_a_request_that_fails_leaves_no_job(wrong: str, status: int) -> None:
    assert await _order(wrong=wrong) == status
    assert await enqueued(jobs) == []
    assert await _notes() == []
