"""When every connection is lent or the file is locked, a request is told to come back, within the stated wait."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import Annotated

import anyio
import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session as SyncSession

from loopline import Database, DatabaseBusy

pytestmark = pytest.mark.anyio

db = Database("sqlite+aiosqlite:///overridden.db", pool_size=1, pool_timeout=0.05, busy_timeout=0.05)
app = FastAPI()
READ, WRITE = text("SELECT n FROM counter"), text("UPDATE counter SET n = n + 1")


@app.post("/write")
async def write(session: Annotated[AsyncSession, db.session]) -> None:
    await session.execute(WRITE)


@app.post("/read")
async def read(session: Annotated[AsyncSession, db.read_session]) -> None:
    await session.execute(READ)


@app.post("/sync")
def sync(session: Annotated[SyncSession, db.sync_session]) -> None:
    session.execute(WRITE)


@pytest.fixture(autouse=True)
async def opened(open_database: Callable[[Database], AbstractAsyncContextManager[None]]) -> AsyncIterator[None]:
    async with open_database(db):
        yield


@pytest.fixture
def http(connect: Callable[[FastAPI], AsyncClient]) -> AsyncClient:
    return connect(app)


@pytest.mark.parametrize(("path", "write"), [("/write", True), ("/read", False)])
async def test_an_exhausted_pool_is_a_503_that_says_when_to_come_back(
    http: AsyncClient, path: str, write: bool
) -> None:
    async with db._transaction(write=write) as session:
        await session.execute(READ)
        answer = await http.post(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "QueuePool" not in answer.text, "nothing internal is told"
    assert (await http.post(path)).status_code == 200


async def test_an_exhausted_pool_is_a_busy_database_outside_requests() -> None:
    async def second() -> None:
        async with db.begin() as session:
            await session.execute(READ)

    async with db.begin() as first:
        await first.execute(READ)
        with pytest.raises(DatabaseBusy):
            await second()


async def test_no_free_seat_for_a_def_endpoint_is_a_503_too(http: AsyncClient) -> None:
    assert (await http.post("/sync")).status_code == 200
    started = db._started
    assert started is not None
    async with started.sync[True].session():
        answer = await http.post("/sync")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert (await http.post("/sync")).status_code == 200


async def test_a_request_that_is_cancelled_while_it_waits_leaves_its_place_free(http: AsyncClient) -> None:
    assert (await http.post("/sync")).status_code == 200
    started = db._started
    assert started is not None
    async with started.sync[True].session(), db.begin() as session:
        await session.execute(READ)
        for path in ("/sync", "/write"):
            with anyio.move_on_after(0.01) as scope:
                await http.post(path)
            assert scope.cancelled_caught
    for path in ("/sync", "/write"):
        assert (await http.post(path)).status_code == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["/write", "/sync"])
async def test_a_file_that_another_process_has_locked_is_a_503(http: AsyncClient, tmp_path: Path, path: str) -> None:
    with closing(sqlite3.connect(tmp_path / "test.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = await http.post(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert (await http.post("/read")).status_code == 200, "reading goes on"
        other.rollback()
    assert (await http.post(path)).status_code == 200
