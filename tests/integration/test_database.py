"""The request's transaction: committed before the response, rolled back on any error, and never left hanging."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any, assert_type

import anyio
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi.exceptions import DependencyScopeError
from fastapi.responses import JSONResponse
from httpx2 import AsyncClient
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.util import await_only

from loopline import ConfigurationError, Database

pytestmark = pytest.mark.anyio

db = Database("sqlite+aiosqlite:///overridden.db", pool_size=5, pool_timeout=30, busy_timeout=30)
app = FastAPI()
Session = Annotated[AsyncSession, db.session]
ReadSession = Annotated[AsyncSession, db.read_session]
late: list[BaseException] = []


class Base(DeclarativeBase): ...


class Parent(Base):
    __tablename__ = "parents"
    id: Mapped[int] = mapped_column(primary_key=True)


Outside = Callable[[str], Awaitable[Any]]
Connect = Callable[[FastAPI], AsyncClient]


async def add_parent(session: AsyncSession, number: int) -> None:
    await session.execute(text("INSERT INTO parents VALUES (:number)"), {"number": number})


@app.post("/parents/{number}")
async def create_parent(number: int, session: Session) -> int:
    assert_type(session, AsyncSession)
    await add_parent(session, number)
    return number


@app.post("/orphans")
async def create_orphan(session: Session) -> str:
    await session.execute(text("INSERT INTO children VALUES (404)"))  # the database looks at it when it commits
    return "saved"


@app.post("/refused")
async def refuse(session: Session) -> None:
    await add_parent(session, 1)
    raise HTTPException(409, "no")


@app.post("/increment")
async def increment(session: Session) -> int:
    lock = "" if session.get_bind().dialect.name == "sqlite" else " FOR UPDATE"
    number: int = (await session.execute(text(f"SELECT n FROM counter{lock}"))).scalar_one()
    await session.execute(text("UPDATE counter SET n = :n"), {"n": number + 1})
    return number + 1


@app.post("/idle")
async def touch_nothing(session: Session, reading: ReadSession) -> int:
    assert session.in_transaction() is reading.in_transaction() is False
    started = db._started
    assert started is not None
    return sum(engine.pool.checkedout() for engine in started.engines.owned)  # type: ignore[attr-defined]


@app.post("/written-by-reader")
async def write_through_reader(session: ReadSession) -> None:
    await add_parent(session, 1)


@app.get("/parents")
async def count_parents(session: ReadSession) -> int:
    number: int = (await session.execute(text("SELECT count(*) FROM parents"))).scalar_one()
    return number


async def audited(session: Session) -> AsyncIterator[AsyncSession]:
    yield session
    await add_parent(session, 99)


@app.post("/right-scope")
async def audit(session: Annotated[AsyncSession, Depends(audited, scope="function")]) -> None: ...


@app.post("/late")
async def use_it_late(session: Session, tasks: BackgroundTasks) -> None:
    await add_parent(session, 1)

    async def afterwards() -> None:
        try:
            await add_parent(session, 2)
        except InvalidRequestError as error:
            late.append(error)

    tasks.add_task(afterwards)


@pytest.fixture(autouse=True)
async def opened(open_database: Callable[[Database], AbstractAsyncContextManager[None]]) -> AsyncIterator[None]:
    async with open_database(db):
        yield


@pytest.fixture
def http(connect: Connect) -> AsyncClient:
    return connect(app)


async def test_a_request_is_saved(http: AsyncClient, outside: Outside) -> None:
    assert (await http.post("/parents/7")).status_code == 200
    assert await outside("SELECT id FROM parents") == 7
    assert (await http.get("/parents")).json() == 1


async def test_a_commit_that_fails_reaches_the_client_as_an_error_and_nothing_is_saved(
    http: AsyncClient, outside: Outside
) -> None:
    assert (await http.post("/orphans")).status_code == 500
    assert await outside("SELECT count(*) FROM children") == 0
    assert (await http.post("/parents/1")).status_code == 200, "the connection still works"


async def test_a_commit_that_fails_can_be_answered_by_an_exception_handler(connect: Connect) -> None:
    async def conflict(request: object, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": "conflict"}, 409)

    careful = FastAPI(exception_handlers={IntegrityError: conflict})
    careful.include_router(app.router)
    assert (await connect(careful).post("/orphans")).status_code == 409


async def test_the_commit_is_done_when_the_response_begins(connect: Connect, outside: Outside) -> None:
    seen: list[int] = []

    async def look_before_sending(scope: Any, receive: Any, send: Any) -> None:
        async def look(message: Any) -> None:
            if message["type"] == "http.response.start":
                seen.append(await outside("SELECT count(*) FROM parents"))
            await send(message)

        await app(scope, receive, look)

    await connect(look_before_sending).post("/parents/1")  # type: ignore[arg-type]
    assert seen == [1]


async def test_an_http_exception_rolls_back(http: AsyncClient, outside: Outside) -> None:
    assert (await http.post("/refused")).status_code == 409
    assert await outside("SELECT count(*) FROM parents") == 0


async def test_a_session_that_is_not_used_takes_no_connection(http: AsyncClient) -> None:
    assert (await http.post("/idle")).json() == 0


async def test_fifty_requests_that_read_and_then_write_lose_no_update(http: AsyncClient, outside: Outside) -> None:
    answers = await asyncio.gather(*[http.post("/increment") for _ in range(50)])
    assert [answer.status_code for answer in answers] == [200] * 50
    assert sorted(answer.json() for answer in answers) == list(range(1, 51))
    assert await outside("SELECT n FROM counter") == 50


async def test_a_reading_session_is_refused_to_write_and_writers_are_not(http: AsyncClient, outside: Outside) -> None:
    for number in range(6):  # one more than the pool has connections
        assert (await http.post("/written-by-reader")).status_code == 500
        assert (await http.post(f"/parents/{number}")).status_code == 200
    assert await outside("SELECT count(*) FROM parents") == 6


async def test_readers_do_not_wait_for_a_writer(http: AsyncClient) -> None:
    async with db.begin() as session:
        await add_parent(session, 1)
        assert (await http.get("/parents")).json() == 0
    assert (await http.get("/parents")).json() == 1


async def test_a_session_used_after_its_request_raises_and_takes_no_connection(
    http: AsyncClient, outside: Outside
) -> None:
    late.clear()
    assert (await http.post("/late")).status_code == 200
    assert len(late) == 1
    assert await outside("SELECT count(*) FROM parents") == 1


async def test_a_block_outside_a_request_commits_at_its_end(outside: Outside) -> None:
    async with db.begin() as session:
        assert_type(session, AsyncSession)
        await add_parent(session, 1)
        assert await outside("SELECT count(*) FROM parents") == 0
    assert await outside("SELECT count(*) FROM parents") == 1


async def test_a_block_that_raises_rolls_back_and_raises_the_same(outside: Outside) -> None:
    error = LookupError("mine")

    async def block() -> None:
        async with db.begin() as session:
            await add_parent(session, 1)
            raise error

    with pytest.raises(LookupError) as raised:
        await block()
    assert raised.value is error
    assert await outside("SELECT count(*) FROM parents") == 0


async def test_a_block_may_commit_in_between(outside: Outside) -> None:
    async def block() -> None:
        async with db.begin() as session:
            await add_parent(session, 1)
            await session.commit()
            await add_parent(session, 2)
            raise LookupError

    with pytest.raises(LookupError):
        await block()
    assert await outside("SELECT count(*) FROM parents") == 1


async def test_a_block_that_only_reads_waits_for_no_writer_and_may_not_write() -> None:
    async with db.begin() as writing:
        await add_parent(writing, 3)
        async with db.begin_reading() as reading:
            assert (await reading.execute(text("SELECT count(*) FROM parents"))).scalar_one() == 0
            with pytest.raises(DBAPIError):
                await add_parent(reading, 4)


async def test_it_tells_how_many_connections_it_lends() -> None:
    def lends() -> tuple[int, int]:
        pools = db.statistics()
        return sum(pool.in_use for pool in pools), sum(pool.size for pool in pools)

    size = 5 if db.engine.dialect.name == "postgresql" else 6
    assert lends() == (0, size)
    async with db.begin() as session:
        await session.execute(text("SELECT 1"))
        assert lends() == (1, size)
    assert lends() == (0, size)
    assert Database("sqlite+aiosqlite:///closed.db").statistics() == []


async def test_an_object_stays_readable_after_the_commit() -> None:
    async with db.begin() as session:
        parent = Parent(id=1)
        session.add(parent)
    assert parent.id == 1


@pytest.mark.parametrize("where", ["request", "block"])
async def test_a_commit_that_is_cancelled_in_flight_ends_first(http: AsyncClient, outside: Outside, where: str) -> None:
    committing, go_on = asyncio.Event(), asyncio.Event()

    def hold(connection: object) -> None:
        committing.set()
        await_only(go_on.wait())

    async def block() -> None:
        async with db.begin() as session:
            await add_parent(session, 1)

    work = http.post("/parents/1") if where == "request" else block()
    event.listen(db.engine.sync_engine, "commit", hold)
    task = asyncio.ensure_future(work)
    await committing.wait()
    task.cancel()
    await anyio.wait_all_tasks_blocked()
    assert not task.done(), "the outcome is not known yet"
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await outside("SELECT count(*) FROM parents") == 1


async def test_a_block_that_is_cancelled_rolls_back(outside: Outside) -> None:
    inside = asyncio.Event()

    async def block() -> None:
        async with db.begin() as session:
            await add_parent(session, 1)
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(block())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await outside("SELECT count(*) FROM parents") == 0


async def test_a_scope_that_times_out_rolls_back(outside: Outside) -> None:
    with anyio.move_on_after(0) as scope:
        async with db.begin() as session:
            with anyio.CancelScope(shield=True):
                await add_parent(session, 1)
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert await outside("SELECT count(*) FROM parents") == 0


async def test_a_yield_dependency_that_uses_the_session_must_be_function_scoped(http: AsyncClient) -> None:
    with pytest.raises(DependencyScopeError, match="audited"):

        @app.post("/wrong-scope")
        async def wrong(session: Annotated[AsyncSession, Depends(audited)]) -> None: ...

    assert (await http.post("/right-scope")).status_code == 200
    assert (await http.get("/parents")).json() == 1, "what it wrote after the endpoint is saved"


async def test_it_can_not_be_opened_twice_at_once() -> None:
    with pytest.raises(ConfigurationError, match="open already"):
        await db.__aenter__()


async def test_closed_it_says_what_to_do_and_can_be_opened_again(http: AsyncClient) -> None:
    await db.aclose()
    await db.aclose()
    with pytest.raises(ConfigurationError, match=r"lifespan\(\.\.\.\), or use `async with db:`"):
        async with db.begin():
            pass
    assert (await http.post("/parents/1")).status_code == 500
    async with db as same:
        assert same is db
        assert (await http.post("/parents/1")).status_code == 200
    await db.__aenter__()
