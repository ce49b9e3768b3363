"""Sessions for ``def`` endpoints: the same promises, and no deadlock with FastAPI's threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any, assert_type

import pytest
from fastapi import FastAPI, HTTPException
from httpx2 import AsyncClient
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session as SyncSession

from loopline import ConfigurationError, Database

pytestmark = pytest.mark.anyio

db = Database("sqlite+aiosqlite:///overridden.db", pool_size=5, pool_timeout=30, busy_timeout=30)
app = FastAPI()
Session = Annotated[SyncSession, db.sync_session]
Outside = Callable[[str], Awaitable[Any]]
Connect = Callable[[FastAPI], AsyncClient]
inside, leave, left = threading.Event(), threading.Event(), threading.Event()
errors: list[Exception] = []


class Count(BaseModel):
    n: int


@app.post("/increment")
def increment(session: Session) -> Count:
    assert_type(session, SyncSession)
    assert session.expire_on_commit is False
    lock = "" if session.get_bind().dialect.name == "sqlite" else " FOR UPDATE"
    number: int = session.execute(text(f"SELECT n FROM counter{lock}")).scalar_one() + 1
    session.execute(text("UPDATE counter SET n = :n"), {"n": number})
    return Count(n=number)


@app.post("/orphans")
def create_orphan(session: Session) -> str:
    session.execute(text("INSERT INTO children VALUES (404)"))
    return "saved"


@app.post("/refused")
def refuse(session: Session) -> None:
    session.execute(text("INSERT INTO parents VALUES (1)"))
    raise HTTPException(409, "no")


@app.post("/slow")
def work_slowly(session: Session) -> None:
    session.execute(text("INSERT INTO parents VALUES (1)"))
    inside.set()
    leave.wait(30)
    try:
        session.execute(text("INSERT INTO parents VALUES (2)"))
    except InvalidRequestError as error:
        errors.append(error)
    finally:
        left.set()


@pytest.fixture(autouse=True)
async def opened(open_database: Callable[[Database], AbstractAsyncContextManager[None]]) -> AsyncIterator[None]:
    async with open_database(db):
        yield


@pytest.fixture
def http(connect: Connect) -> AsyncClient:
    return connect(app)


async def test_a_hundred_def_endpoints_with_a_response_model_share_five_connections(
    http: AsyncClient, outside: Outside
) -> None:
    answers = await asyncio.gather(*[http.post("/increment") for _ in range(100)])
    assert [answer.status_code for answer in answers] == [200] * 100
    assert await outside("SELECT n FROM counter") == 100


async def test_a_commit_that_fails_reaches_the_client_as_an_error_and_nothing_is_saved(
    http: AsyncClient, outside: Outside
) -> None:
    assert (await http.post("/orphans")).status_code == 500
    assert await outside("SELECT count(*) FROM children") == 0


async def test_an_http_exception_rolls_back(http: AsyncClient, outside: Outside) -> None:
    assert (await http.post("/refused")).status_code == 409
    assert await outside("SELECT count(*) FROM parents") == 0


async def test_the_commit_is_done_when_the_response_begins(connect: Connect, outside: Outside) -> None:
    seen: list[int] = []

    async def look_before_sending(scope: Any, receive: Any, send: Any) -> None:
        async def look(message: Any) -> None:
            if message["type"] == "http.response.start":
                seen.append(await outside("SELECT n FROM counter"))
            await send(message)

        await app(scope, receive, look)

    await connect(look_before_sending).post("/increment")  # type: ignore[arg-type]
    assert seen == [1]


async def test_a_request_that_is_cancelled_saves_nothing_though_its_thread_runs_on(
    http: AsyncClient, outside: Outside
) -> None:
    for signal in (inside, leave, left):
        signal.clear()
    errors.clear()
    task = asyncio.ensure_future(http.post("/slow"))
    await asyncio.to_thread(inside.wait, 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await outside("SELECT count(*) FROM parents") == 0
    leave.set()
    await asyncio.to_thread(left.wait, 30)
    assert len(errors) == 1, "the thread that nobody waits for found its session closed"
    assert (await http.post("/increment")).status_code == 200


async def test_a_session_of_a_test_can_not_stand_in_for_a_synchronous_one(connect: Connect) -> None:
    async with db.begin() as session:
        with db.override(session), pytest.raises(ConfigurationError, match="override the database's URL"):
            await anext(db.sync_session.dependency())  # type: ignore[misc]


ReadSession = Annotated[SyncSession, db.sync_read_session]


@app.get("/numbers")
def read(session: ReadSession) -> Count:
    return Count(n=session.execute(text("SELECT n FROM counter")).scalar_one())


@app.post("/numbers")
def write_by_mistake(session: ReadSession) -> None:
    session.execute(text("UPDATE counter SET n = 7"))


async def test_a_session_that_only_reads_sees_what_was_committed_and_never_waits_for_a_writer(
    http: AsyncClient,
) -> None:
    await http.post("/increment")
    async with db.begin() as session:
        await session.execute(text("UPDATE counter SET n = 100"))
        answers = await asyncio.gather(*(http.get("/numbers") for _ in range(30)))
        assert {answer.json()["n"] for answer in answers} == {1}
    assert (await http.get("/numbers")).json() == {"n": 100}


async def test_a_session_that_only_reads_refuses_to_write(http: AsyncClient, outside: Outside) -> None:
    assert (await http.post("/numbers")).status_code == 500
    assert await outside("SELECT n FROM counter") == 0
    assert (await http.post("/increment")).status_code == 200
