"""CancelOnDisconnect: an application is cancelled when its client leaves, and whoever asks is told instead."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, BackgroundTasks, Body, Depends, FastAPI, Request, Response, WebSocket
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from leaving import EMPTY, Client, Exchange, Work, connect, serve, turns
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.util import await_only
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loopline import CancelOnDisconnect, Database, ProcessLane, cancel_on_disconnect, fan_out

pytestmark = pytest.mark.anyio

DISCONNECT: Message = {"type": "http.disconnect"}


@pytest.fixture(params=["h11", "httptools"])
def http(request: pytest.FixtureRequest) -> str:
    """Each of uvicorn's HTTP implementations."""
    return str(request.param)


@pytest.fixture(autouse=True)
def nothing_is_logged_as_an_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Uvicorn logs "Exception in ASGI application" when anything comes out of the application."""
    caplog.set_level(logging.WARNING)
    yield
    assert not [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]


@pytest.fixture(autouse=True)
async def no_watcher_is_left() -> AsyncIterator[None]:
    yield
    assert not [task for task in asyncio.all_tasks() if "_read_ahead" in repr(task.get_coro())]


async def passing_on(request: Request, call_next: RequestResponseEndpoint) -> Response:
    return await call_next(request)


def alone(app: FastAPI) -> None:
    app.add_middleware(CancelOnDisconnect)


def inside_base(app: FastAPI) -> None:
    app.add_middleware(CancelOnDisconnect)
    app.add_middleware(BaseHTTPMiddleware, dispatch=passing_on)


def around_base(app: FastAPI) -> None:
    app.add_middleware(BaseHTTPMiddleware, dispatch=passing_on)
    app.add_middleware(BaseHTTPMiddleware, dispatch=passing_on)
    app.add_middleware(CancelOnDisconnect)


def inside_gzip(app: FastAPI) -> None:
    app.add_middleware(CancelOnDisconnect)
    app.add_middleware(GZipMiddleware, minimum_size=1)


def around_gzip(app: FastAPI) -> None:
    app.add_middleware(GZipMiddleware, minimum_size=1)
    app.add_middleware(CancelOnDisconnect)


def twice(app: FastAPI) -> None:
    app.add_middleware(CancelOnDisconnect)
    app.add_middleware(CancelOnDisconnect)


db = Database("sqlite+aiosqlite:///overridden.db")
Session = Annotated[AsyncSession, db.session]
PLACES = [alone, inside_base, around_base, inside_gzip, around_gzip, twice]
in_every_place = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
Place = Callable[[FastAPI], None]


def watched() -> FastAPI:
    app = FastAPI()
    app.add_middleware(CancelOnDisconnect)
    return app


# The client leaves


@in_every_place
async def test_the_handler_is_cancelled_when_its_client_leaves_and_so_are_its_calls(http: str, place: Place) -> None:
    app, work = FastAPI(), Work()
    place(app)
    children: list[int] = []

    async def child(number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            children.append(number)

    @app.get("/")
    async def handler() -> None:
        work.started.set()
        try:
            await fan_out(child, range(3), limit=3)
        except asyncio.CancelledError:
            work.seen = sorted(children)
            work.cancelled.set()
            raise

    async with serve(app, http) as port, connect(port) as client:
        client.send("GET /", accept_encoding="gzip")
        await work.started.wait()
        await client.leave()
        await work.cancelled.wait()
    assert work.seen == [0, 1, 2], "every call of the fan-out had ended by then"


@in_every_place
@pytest.mark.parametrize("leaves", [True, False], ids=["leaves", "stays"])
async def test_a_handler_with_a_json_body_gets_it_and_is_watched(http: str, place: Place, leaves: bool) -> None:
    app, work = FastAPI(), Work()
    place(app)

    @app.post("/")
    async def handler(order: Annotated[dict[str, int], Body()]) -> str:
        work.seen = order
        return await work()

    async with serve(app, http) as port, connect(port) as client:
        client.send("POST /", json.dumps({"id": 7}).encode(), content_type="application/json")
        await work.started.wait()
        if leaves:
            await client.leave()
            await work.cancelled.wait()
        else:
            work.go.set()
            assert (await client.answer())[0] == 200
    assert work.seen == {"id": 7}


@in_every_place
@pytest.mark.parametrize("leaves", [True, False], ids=["leaves", "stays"])
async def test_a_handler_that_reads_an_upload_itself_gets_all_of_it_and_is_watched_then(
    http: str, place: Place, leaves: bool
) -> None:
    app, work = FastAPI(), Work()
    place(app)
    content = bytes(range(256)) * 4000

    @app.post("/")
    async def handler(request: Request) -> str:
        work.seen = b"".join([part async for part in request.stream()])
        return await work()

    async with serve(app, http) as port, connect(port) as client:
        client.send("POST /", content)
        await work.started.wait()
        if leaves:
            await client.leave()
            await work.cancelled.wait()
        else:
            work.go.set()
            assert (await client.answer())[0] == 200
    assert work.seen == content


async def test_a_client_that_leaves_during_its_upload_is_told_to_who_reads_it(http: str) -> None:
    app, work = watched(), Work()

    @app.post("/")
    async def handler(request: Request) -> None:
        work.started.set()
        try:
            await request.body()
        except Exception as error:
            work.seen = type(error).__name__
            work.finished.set()

    async with serve(app, http) as port, connect(port) as client:
        client.send("POST /", content_length="11")
        client.writer.write(b"first")
        await work.started.wait()
        await client.leave()
        await work.finished.wait()
    assert work.seen == "ClientDisconnect"


@pytest.mark.parametrize(
    "place", [alone, inside_base, inside_gzip, around_gzip, twice], ids=lambda place: place.__name__
)
async def test_what_cleans_up_can_await(http: str, place: Place) -> None:
    app, work = FastAPI(), Work()
    place(app)
    cleaned = asyncio.Queue[str]()

    async def resource(request: Request) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await turns(5)
            cleaned.put_nowait("dependency")

    @app.get("/", dependencies=[Depends(resource)])
    async def handler() -> None:
        try:
            await work()
        finally:
            await turns(5)
            cleaned.put_nowait("handler")

    async with serve(app, http) as port, connect(port) as client:
        client.send("GET /")
        await work.started.wait()
        await client.leave()
        assert [await cleaned.get() for _ in range(2)] == ["handler", "dependency"]


async def test_a_call_in_a_process_is_stopped(http: str) -> None:
    app = watched()

    @app.get("/")
    async def handler() -> None:
        await lane.run(time.sleep, 3600)

    async with ProcessLane(workers=1) as lane, serve(app, http) as port, connect(port) as client:
        client.send("GET /")
        while not lane.statistics().running:
            await asyncio.sleep(0.005)
        await client.leave()
        while not lane.statistics().cancelled:
            await asyncio.sleep(0.005)
        assert lane.statistics().running == 0


@pytest.mark.parametrize("place", [alone, around_base], ids=lambda place: place.__name__)
async def test_a_transaction_is_rolled_back(
    place: Place,
    open_database: Callable[[Database], AbstractAsyncContextManager[None]],
    outside: Callable[[str], Any],
) -> None:
    app, work = FastAPI(), Work()
    place(app)

    @app.post("/")
    async def handler(session: Session) -> str:
        await session.execute(text("UPDATE counter SET n = 1"))
        return await work()

    async with open_database(db), serve(app) as port:
        async with connect(port) as client:
            client.send("POST /")
            await work.started.wait()
        await work.cancelled.wait()
        async with db.begin() as session:  # the next writer's turn comes when it is rolled back
            assert (await session.execute(text("SELECT n FROM counter"))).scalar_one() == 0
    assert await outside("SELECT n FROM counter") == 0


@pytest.mark.parametrize("place", [alone, around_base], ids=lambda place: place.__name__)
async def test_a_commit_under_way_is_finished_first(
    place: Place,
    open_database: Callable[[Database], AbstractAsyncContextManager[None]],
    outside: Callable[[str], Any],
) -> None:
    app = FastAPI()
    place(app)
    committing, go_on = asyncio.Event(), asyncio.Event()

    def hold(connection: object) -> None:
        committing.set()
        await_only(go_on.wait())

    @app.post("/")
    async def handler(session: Session) -> None:
        await session.execute(text("UPDATE counter SET n = 1"))

    async with open_database(db):
        event.listen(db.engine.sync_engine, "commit", hold)
        exchange = Exchange(app, EMPTY, method="POST")
        await committing.wait()
        exchange.leave()
        await turns(20)
        assert not exchange.task.done(), "the outcome is not known yet"
        go_on.set()
        await exchange.task
        assert exchange.status == 499
    assert await outside("SELECT n FROM counter") == 1


async def test_a_dispatching_middleware_is_cancelled_before_any_handler_runs(http: str) -> None:
    app, work = FastAPI(), Work()

    async def looking_up(request: Request, call_next: RequestResponseEndpoint) -> Response:
        await work()
        return await call_next(request)

    app.add_middleware(BaseHTTPMiddleware, dispatch=looking_up)
    app.add_middleware(CancelOnDisconnect)
    async with serve(app, http) as port, connect(port) as client:
        client.send("GET /")
        await work.started.wait()
        await client.leave()
        await work.cancelled.wait()


async def test_a_middleware_around_it_sees_a_499(http: str) -> None:
    app, work, seen = FastAPI(), Work(), asyncio.Queue[int]()

    async def counting(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        seen.put_nowait(response.status_code)
        return response

    app.add_middleware(CancelOnDisconnect)
    app.add_middleware(BaseHTTPMiddleware, dispatch=counting)
    app.get("/")(work.__call__)
    async with serve(app, http) as port, connect(port) as client:
        client.send("GET /")
        await work.started.wait()
        await client.leave()
        assert await seen.get() == 499


@pytest.mark.parametrize("place", [alone, around_base, twice], ids=lambda place: place.__name__)
async def test_a_route_with_the_marker_as_well_is_cancelled_once(http: str, place: Place) -> None:
    app, work = FastAPI(), Work()
    place(app)
    cleaned = asyncio.Event()

    @app.post("/", dependencies=[cancel_on_disconnect])
    async def handler(order: Annotated[dict[str, int], Body()]) -> None:
        try:
            await work()
        finally:
            await turns(5)
            cleaned.set()

    async with serve(app, http) as port, connect(port) as client:
        client.send("POST /", b'{"id": 7}', content_type="application/json")
        await work.started.wait()
        await client.leave()
        await cleaned.wait()


# The client stays, or leaves too late


@in_every_place
async def test_a_background_task_runs_to_its_end_even_when_the_client_leaves_meanwhile(http: str, place: Place) -> None:
    app, work = FastAPI(), Work()
    place(app)

    @app.get("/")
    async def handler(background: BackgroundTasks) -> str:
        background.add_task(work)
        return "answer"

    async with serve(app, http) as port, connect(port) as client:
        client.send("GET /", connection="close")
        assert b"200 OK" in await client.reader.read()
        await work.started.wait()
        await client.leave()
        await turns(5)
        work.go.set()
        await work.finished.wait()
    assert not work.cancelled.is_set()


@in_every_place
async def test_the_connection_serves_further_requests(http: str, place: Place) -> None:
    app = FastAPI()
    place(app)

    @app.post("/{number}")
    async def handler(number: int, data: Annotated[list[int], Body()]) -> list[int]:
        await asyncio.sleep(0)
        return [number, *data]

    @app.get("/{number}")
    async def read(number: int, request: Request) -> str:
        return f"{number}{(await request.body()).decode()}"

    async with serve(app, http) as port, connect(port) as client:
        for number in range(3):
            client.send(f"GET /{number}")
            assert await client.answer() == (200, b'"%d"' % number)
            client.send(f"POST /{number}", b"[7]", content_type="application/json")
            assert await client.answer() == (200, b"[%d,7]" % number)


async def test_pipelined_requests_are_all_answered(http: str) -> None:
    app, work = watched(), Work()

    @app.get("/{number}")
    async def handler(number: int) -> int:
        await work()
        return number

    async with serve(app, http) as port, connect(port) as client:
        for number in range(3):
            client.send(f"GET /{number}")
        await work.started.wait()
        work.go.set()
        assert [await client.answer() for _ in range(3)] == [(200, b"%d" % number) for number in range(3)]


async def test_a_head_request_is_watched_and_answered_without_a_body(http: str) -> None:
    app, work = watched(), Work()
    app.head("/")(work.__call__)
    async with serve(app, http) as port:
        async with connect(port) as client:
            client.send("HEAD /")
            await work.started.wait()
            await client.leave()
            await work.cancelled.wait()
        async with connect(port) as client:
            work.go.set()
            client.send("HEAD /", connection="close")
            head, _, body = (await client.reader.read()).partition(b"\r\n\r\n")
    assert b"200 OK" in head
    assert body == b""


@pytest.mark.parametrize("wanted", [True, False], ids=["wanted", "not wanted"])
async def test_a_client_that_waits_for_100_continue_gets_it_when_the_handler_reads_and_not_before(
    http: str, wanted: bool
) -> None:
    app, work = watched(), Work()

    @app.post("/")
    async def handler(request: Request) -> Response:
        await work()
        return Response(await request.body() if wanted else b"no")

    async with serve(app, http) as port, connect(port) as client:
        client.send("POST /", content_length="5", expect="100-continue")
        await work.started.wait()
        await turns(5)
        work.go.set()
        if wanted:
            assert (await client.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
            client.writer.write(b"hello")
        assert await client.answer() == (200, b"hello" if wanted else b"no")


async def read_chunks(client: Client, count: int) -> bytes:
    """Read that many chunks of a chunked response."""
    read = b""
    for _ in range(count):
        size = int((await client.reader.readuntil(b"\r\n"))[:-2], 16)
        read += (await client.reader.readexactly(size + 2))[:-2]
    return read


@in_every_place
@pytest.mark.parametrize("leaves", [True, False], ids=["leaves", "stays"])
async def test_a_stream_is_starlettes_own_to_end(http: str, place: Place, leaves: bool) -> None:
    app, work = FastAPI(), Work()
    place(app)

    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        await work()
        yield b"b"

    @app.get("/")
    async def handler() -> StreamingResponse:
        return StreamingResponse(parts())

    async with serve(app, http) as port, connect(port) as client:
        client.send("GET /")
        await client.reader.readuntil(b"\r\n\r\n")
        assert await read_chunks(client, 1) == b"a"
        await work.started.wait()
        if leaves:
            await client.leave()
            await work.cancelled.wait()
        else:
            work.go.set()
            assert await read_chunks(client, 2) == b"b"


# Who asks is told


@pytest.mark.parametrize("place", [alone, inside_base, twice], ids=lambda place: place.__name__)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_handler_that_polls_is_disconnected_sees_it_and_is_not_cancelled(
    http: str, place: Place, method: str
) -> None:
    app, work = FastAPI(), Work()
    place(app)

    @app.api_route("/", methods=[method])
    async def handler(request: Request) -> None:
        if method == "POST":
            await request.body()
        try:
            while not await request.is_disconnected():
                work.started.set()
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            work.cancelled.set()
            raise
        finally:
            work.finished.set()

    async with serve(app, http) as port, connect(port) as client:
        client.send(f"{method} /", b"body" if method == "POST" else b"")
        await work.started.wait()
        await client.leave()
        await work.finished.wait()
    assert not work.cancelled.is_set()


async def test_a_handler_that_waits_for_the_message_gets_it_again_and_again() -> None:
    app, work = watched(), Work()

    @app.get("/")
    async def handler(request: Request) -> None:
        assert await request.body() == b""
        work.started.set()
        work.seen = await asyncio.gather(request.receive(), request.receive())
        work.seen.append(await request.receive())

    exchange = Exchange(app, EMPTY)
    await work.started.wait()
    exchange.leave()
    await exchange.task
    assert work.seen == [DISCONNECT] * 3
    assert exchange.status == 200


async def test_to_have_asked_once_is_enough() -> None:
    app, work = watched(), Work()

    @app.get("/")
    async def handler(request: Request) -> None:
        work.seen = [await request.is_disconnected()]
        await work()
        work.seen.append(await request.is_disconnected())

    exchange = Exchange(app, EMPTY)
    await work.started.wait()
    exchange.leave()
    await turns(5)
    work.go.set()
    await exchange.task
    assert work.seen == [False, True]
    assert exchange.status == 200


async def test_a_cancelled_handler_can_still_ask_why() -> None:
    app, work = watched(), Work()

    @app.get("/")
    async def handler(request: Request) -> None:
        try:
            await work()
        finally:
            work.seen = await request.is_disconnected()

    exchange = Exchange(app, EMPTY)
    await work.started.wait()
    exchange.leave()
    await exchange.task
    assert work.seen is True


async def test_reading_the_empty_body_is_not_asking() -> None:
    app, work = watched(), Work()

    @app.get("/")
    async def handler(request: Request) -> str:
        await request.body()
        return await work()

    exchange = Exchange(app, EMPTY)
    await work.started.wait()
    exchange.leave()
    await exchange.task
    assert exchange.status == 499


# Races and oddities, with the messages in our hands


async def test_a_client_that_leaves_is_answered_with_499_and_the_task_is_clean() -> None:
    app, work = watched(), Work()
    app.get("/")(work.__call__)
    exchange = Exchange(app, EMPTY)
    await work.started.wait()
    exchange.leave()
    await exchange.task
    assert exchange.status == 499
    assert exchange.task.cancelling() == 0


async def test_a_client_that_left_at_once_is_noticed() -> None:
    app, work = watched(), Work()
    app.get("/")(work.__call__)
    exchange = Exchange(app, DISCONNECT)
    await exchange.task
    assert exchange.status == 499
    assert not work.finished.is_set()


async def test_a_server_that_refuses_what_is_sent_to_nobody_is_no_error() -> None:
    """From version 2.4 of the protocol on it may raise an OSError."""
    app, work = watched(), Work()
    app.get("/")(work.__call__)

    async def refused(scope: Scope, receive: Receive, send: Send) -> None:
        async def gone(message: Message) -> None:
            work.seen = message["status"]
            raise BrokenPipeError

        await app(scope, receive, gone)

    exchange = Exchange(refused, EMPTY)
    await work.started.wait()
    exchange.leave()
    await exchange.task
    assert work.seen == 499


@pytest.mark.parametrize("handler_turns", range(4))
@pytest.mark.parametrize("leaves_after", range(16))
@pytest.mark.parametrize("place", [alone, around_base, inside_base, twice], ids=lambda place: place.__name__)
async def test_whenever_the_client_leaves_no_cancellation_goes_astray(
    handler_turns: int, leaves_after: int, place: Place
) -> None:
    """Either the handler was cancelled, or its response began and everything after it runs undisturbed."""
    app = FastAPI()
    place(app)
    became: list[str] = []

    async def background() -> None:
        await turns(5)
        became.append("background")

    @app.get("/")
    async def handler(tasks: BackgroundTasks) -> str:
        tasks.add_task(background)
        try:
            await turns(handler_turns)
        except asyncio.CancelledError:
            became.append("cancelled")
            raise
        became.append("returned")
        return "answer"

    exchange = Exchange(app, EMPTY)
    await turns(leaves_after)
    exchange.leave()
    await exchange.task
    assert exchange.task.cancelling() == 0
    outcome = (exchange.status, became)
    assert outcome in [(499, []), (499, ["cancelled"]), (499, ["returned"]), (200, ["returned", "background"])]


async def test_a_response_that_has_begun_is_never_torn() -> None:
    work = Work()

    async def streaming(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await work()
        await send({"type": "http.response.body", "body": b"all", "more_body": False})

    exchange = Exchange(CancelOnDisconnect(streaming), EMPTY)
    await work.started.wait()
    exchange.leave()
    await turns(5)
    work.go.set()
    await exchange.task
    assert not work.cancelled.is_set()
    assert exchange.status == 200


async def test_a_request_with_a_body_is_not_read_before_the_application_reads_it_nor_ahead_of_it() -> None:
    asked = 0
    asked_by_app: list[int] = []
    read: list[bytes] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await turns(5)
        for _ in range(3):
            asked_by_app.append(asked)
            read.append((await receive())["body"])
            await turns(5)
        asked_by_app.append(asked)

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        async def counting() -> Message:
            nonlocal asked
            asked += 1
            return await receive()

        await CancelOnDisconnect(app)(scope, counting, send)

    parts: list[Message] = [
        {"type": "http.request", "body": b"%d" % number, "more_body": number < 2} for number in range(3)
    ]
    await Exchange(counted, *parts, headers=[(b"transfer-encoding", b"chunked")]).task
    assert read == [b"0", b"1", b"2"]
    assert asked_by_app == [0, 1, 2, 4], "only once all is read somebody else asks: the watcher"


async def test_a_body_that_nothing_announced_arrives_whole_and_in_order_and_is_watched_then() -> None:
    work = Work()
    read: list[bytes] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await turns(3)
        more = True
        while more:
            message = await receive()
            read.append(message["body"])
            more = message["more_body"]
        await work()

    parts: list[Message] = [
        {"type": "http.request", "body": b"%d" % number, "more_body": number < 2} for number in range(3)
    ]
    exchange = Exchange(CancelOnDisconnect(app), *parts, http_version="2")
    await work.started.wait()
    exchange.leave()
    await exchange.task
    assert read == [b"0", b"1", b"2"]
    assert exchange.status == 499


@pytest.mark.parametrize(("method", "watched_at_once"), [("GET", True), ("POST", False)])
async def test_over_http_2_only_a_method_without_body_is_watched_from_the_start(
    method: str, watched_at_once: bool
) -> None:
    """There a body needs no header that announces it."""
    app, work = watched(), Work()
    app.api_route("/", methods=[method])(work.__call__)
    exchange = Exchange(app, EMPTY, method=method, http_version="2")
    await work.started.wait()
    exchange.leave()
    if watched_at_once:
        await work.cancelled.wait()
    else:
        await turns(5)
        work.go.set()
    await exchange.task
    assert exchange.status == (499 if watched_at_once else 200)


async def test_a_cancellation_by_others_passes_as_it_is() -> None:
    app, work = watched(), Work()
    app.get("/")(work.__call__)
    exchange = Exchange(app, EMPTY)
    await work.started.wait()
    exchange.task.cancel("the server stops")
    with pytest.raises(asyncio.CancelledError, match="the server stops"):
        await exchange.task
    assert exchange.status is None


@pytest.mark.parametrize("client_first", [True, False])
async def test_a_cancellation_by_others_wins_when_the_client_leaves_as_well(client_first: bool) -> None:
    app, work = watched(), Work()
    app.get("/")(work.__call__)
    exchange = Exchange(app, EMPTY)
    await work.started.wait()
    await turns(3)
    if client_first:
        exchange.leave()
        await turns(1)
    exchange.task.cancel()
    exchange.leave()
    with pytest.raises(asyncio.CancelledError):
        await exchange.task
    assert exchange.status is None


async def test_a_timeout_in_the_handler_stays_its_own() -> None:
    app, work = watched(), Work()

    @app.get("/")
    async def handler() -> str:
        with suppress(TimeoutError):
            async with asyncio.timeout(0):
                await work()
        return "late"

    exchange = Exchange(app, EMPTY)
    await exchange.task
    assert exchange.status == 200


async def test_a_handler_that_answers_all_the_same_is_let_do_so() -> None:
    app, work = watched(), Work()

    @app.get("/")
    async def handler() -> str:
        with suppress(asyncio.CancelledError):
            await work()
        await turns(3)
        return "partial"

    exchange = Exchange(app, EMPTY)
    await work.started.wait()
    exchange.leave()
    await exchange.task
    assert exchange.status == 200
    assert exchange.task.cancelling() == 0


async def test_an_error_in_the_clean_up_is_not_hidden() -> None:
    app, work = watched(), Work()

    @app.get("/")
    async def handler() -> None:
        try:
            await work()
        finally:
            raise LookupError("the clean-up failed")

    exchange = Exchange(app, EMPTY)
    await work.started.wait()
    exchange.leave()
    with pytest.raises(LookupError, match="the clean-up failed"):
        await exchange.task
    assert exchange.task.cancelling() == 0


async def test_a_watch_that_sees_the_client_leave_only_as_it_is_ended_cancels_nobody() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await turns(3)
        raise LookupError("the application failed")

    async def reluctant(scope: Scope, receive: Receive, send: Send) -> None:
        async def wrapped() -> Message:
            try:
                return await receive()
            except asyncio.CancelledError:
                await turns(3)
                return DISCONNECT

        await CancelOnDisconnect(app)(scope, wrapped, send)

    exchange = Exchange(reluctant, EMPTY)
    with pytest.raises(LookupError, match="the application failed"):
        await exchange.task
    assert exchange.task.cancelling() == 0


@pytest.mark.parametrize("where", ["application", "router", "mounted", "inside BaseHTTPMiddleware"])
async def test_a_def_handler_is_left_alone_wherever_it_is(where: str) -> None:
    """Its thread would go on without the dependencies that it uses."""
    app, work, router, inner = watched(), Work(), APIRouter(), FastAPI()
    loop = asyncio.get_running_loop()

    def handler() -> str:
        return asyncio.run_coroutine_threadsafe(work(), loop).result(10)

    app.get("/own")(handler)
    router.get("/router")(handler)
    app.include_router(router, prefix="/in")
    inner.get("/mounted")(handler)
    app.mount("/under", inner)
    path = {"router": "/in/router", "mounted": "/under/mounted"}.get(where, "/own")
    if where == "inside BaseHTTPMiddleware":
        app.user_middleware.clear()
        around_base(app)
    exchange = Exchange(app, EMPTY, path=path)
    await work.started.wait()
    exchange.leave()
    await turns(5)
    work.go.set()
    await exchange.task
    assert exchange.status == 200


async def test_a_middleware_that_repeats_the_request_for_ever_does_not_hold_the_loop() -> None:
    app = watched()
    app.get("/")(partial(turns, 5))

    async def repeating(scope: Scope, receive: Receive, send: Send) -> None:
        async def again() -> Message:
            return EMPTY

        await app(scope, again, send)

    exchange = Exchange(repeating)
    await exchange.task
    assert exchange.status == 200


async def test_a_middleware_that_keeps_the_first_message_costs_the_watch_not_the_request() -> None:
    app = watched()
    app.get("/")(partial(turns, 5))
    exchange = Exchange(app)
    async with asyncio.timeout(10):
        await exchange.task
    assert exchange.status == 200


@pytest.mark.parametrize("asks", [True, False], ids=["the application asks", "nobody asks"])
async def test_an_error_from_the_server_goes_to_the_application_that_asks_or_else_into_the_log(
    caplog: pytest.LogCaptureFixture, asks: bool
) -> None:
    app = watched()

    @app.get("/")
    async def handler(request: Request) -> str:
        assert await request.body() == b""
        await turns(3)
        if asks:
            with pytest.raises(ConnectionError, match="receive is broken"):
                await request.receive()
        return "answer"

    messages = iter([EMPTY])

    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        async def once() -> Message:
            for message in messages:
                return message
            raise ConnectionError("receive is broken")

        await app(scope, once, send)

    exchange = Exchange(failing)
    await exchange.task
    assert exchange.status == 200
    assert ("receive is broken" in caplog.text) is not asks
    caplog.clear()


async def test_an_error_from_the_server_once_the_response_has_begun_is_nobodys() -> None:
    begun, failed = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        begun.set()
        await failed.wait()
        await turns(3)

    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        async def broken() -> Message:
            await begun.wait()
            failed.set()
            raise ConnectionError("the connection is closed")

        await CancelOnDisconnect(app)(scope, broken, send)

    exchange = Exchange(failing)
    await exchange.task
    assert exchange.status == 200  # and nothing was logged


async def test_a_scope_without_headers_is_a_request_without_a_body() -> None:
    work = Work()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await work()

    async def bare(scope: Scope, receive: Receive, send: Send) -> None:
        await CancelOnDisconnect(app)({"type": "http", "method": "GET", "path": "/"}, receive, send)

    exchange = Exchange(bare, EMPTY)
    await work.started.wait()
    exchange.leave()
    await exchange.task
    assert exchange.status == 499


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
async def test_what_is_no_request_passes_untouched(kind: str) -> None:
    got: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        got.extend((scope, receive, send))

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None: ...

    scope: Scope = {"type": kind}
    await CancelOnDisconnect(app)(scope, receive, send)
    assert got == [scope, receive, send]


async def test_an_application_with_it_has_its_lifespan_and_websockets() -> None:
    happened: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        happened.append("started")
        yield
        happened.append("stopped")

    app = FastAPI(lifespan=lifespan)
    app.add_middleware(CancelOnDisconnect)

    @app.websocket("/socket")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    with TestClient(app) as client, client.websocket_connect("/socket") as talker:
        talker.send_text("hello")
        assert talker.receive_text() == "hello"
    assert happened == ["started", "stopped"]


async def test_it_wraps_any_asgi_application() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Response("plain")(scope, receive, send)

    wrapped: ASGIApp = CancelOnDisconnect(app)
    assert TestClient(wrapped).get("/").text == "plain"
