"""cancel_on_disconnect: the handler of a client that left is cancelled, and nothing else ever is."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import suppress
from functools import partial, wraps
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, BackgroundTasks, Body, Depends, FastAPI, Request, Response, WebSocket
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from leaving import EMPTY, Exchange, Work, connect, serve, turns
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.types import Message, Receive, Scope, Send

from loopline import cancel_on_disconnect, fan_out
from loopline.disconnect import marker

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


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
    assert not [task for task in asyncio.all_tasks() if "_cancel_on_disconnect" in repr(task.get_coro())]


async def passing_on(request: Request, call_next: RequestResponseEndpoint) -> Response:
    return await call_next(request)


def with_middleware(app: FastAPI) -> None:
    app.add_middleware(BaseHTTPMiddleware, dispatch=passing_on)


def as_it_is(app: FastAPI) -> None:
    pass


# The client leaves


@pytest.mark.parametrize("prepare", [as_it_is, with_middleware], ids=["bare", "in BaseHTTPMiddleware"])
async def test_the_handler_is_cancelled_when_its_client_leaves_and_so_are_its_calls(
    http: str, prepare: Callable[[FastAPI], None]
) -> None:
    app, work = FastAPI(), Work()
    children: list[int] = []
    prepare(app)

    async def child(number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            children.append(number)

    @app.get("/", dependencies=[cancel_on_disconnect])
    async def handler() -> None:
        work.started.set()
        try:
            await fan_out(child, range(3), limit=3)
        except asyncio.CancelledError:
            work.seen = sorted(children)
            work.cancelled.set()
            raise

    async with serve(app, http) as port, connect(port) as client:
        client.send("GET /")
        await work.started.wait()
        await client.leave()
        await work.cancelled.wait()
    assert work.seen == [0, 1, 2], "every call of the fan-out had ended by then"


@pytest.mark.parametrize("prepare", [as_it_is, with_middleware], ids=["bare", "in BaseHTTPMiddleware"])
@pytest.mark.parametrize("leaves", [True, False], ids=["leaves", "stays"])
async def test_a_handler_with_a_json_body_gets_it_and_is_watched(
    http: str, prepare: Callable[[FastAPI], None], leaves: bool
) -> None:
    app, work = FastAPI(), Work()
    prepare(app)

    @app.post("/", dependencies=[cancel_on_disconnect])
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
            assert await client.answer() == (200, b'"done"')
    assert work.seen == {"id": 7}


@pytest.mark.parametrize("leaves", [True, False], ids=["leaves", "stays"])
async def test_a_handler_with_an_upload_gets_it_and_is_watched(http: str, leaves: bool) -> None:
    app, work = FastAPI(), Work()
    content = bytes(range(256)) * 2000

    @app.post("/", dependencies=[cancel_on_disconnect])
    async def handler(data: Annotated[bytes, Body(media_type="application/octet-stream")]) -> str:
        work.seen = data
        return await work()

    async with serve(app, http) as port, connect(port) as client:
        client.send("POST /", content, content_type="application/octet-stream")
        await work.started.wait()
        if leaves:
            await client.leave()
            await work.cancelled.wait()
        else:
            work.go.set()
            assert await client.answer() == (200, b'"done"')
    assert work.seen == content


async def test_a_dependency_that_waits_is_cancelled_too(http: str) -> None:
    app, work = FastAPI(), Work()

    @app.get("/", dependencies=[cancel_on_disconnect, Depends(work.__call__)])
    async def handler() -> None: ...

    async with serve(app, http) as port, connect(port) as client:
        client.send("GET /")
        await work.started.wait()
        await client.leave()
        await work.cancelled.wait()


async def test_a_dependency_of_an_endpoint_that_streams_by_yielding_is_cancelled_too(http: str) -> None:
    app, work = FastAPI(), Work()

    @app.get("/", dependencies=[cancel_on_disconnect, Depends(work.__call__)])
    async def handler() -> AsyncIterator[str]:
        yield "never"

    async with serve(app, http) as port, connect(port) as client:
        client.send("GET /")
        await work.started.wait()
        await client.leave()
        await work.cancelled.wait()


async def test_a_function_scoped_dependency_can_clean_up_with_awaits(http: str) -> None:
    app, work = FastAPI(), Work()
    rolled_back = asyncio.Event()

    async def session() -> AsyncIterator[None]:
        try:
            yield
        except asyncio.CancelledError:
            for _ in range(5):
                await asyncio.sleep(0)
            rolled_back.set()
            raise

    @app.get("/", dependencies=[cancel_on_disconnect, Depends(session, scope="function")])
    async def handler() -> str:
        return await work()

    async with serve(app, http) as port, connect(port) as client:
        client.send("GET /")
        await work.started.wait()
        await client.leave()
        await rolled_back.wait()


async def test_the_marker_on_a_router_watches_its_routes_and_leaves_websockets_alone(http: str) -> None:
    app, work = FastAPI(), Work()
    router = APIRouter(prefix="/api", dependencies=[cancel_on_disconnect])

    @router.get("/work")
    async def handler() -> str:
        return await work()

    @router.websocket("/socket")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    app.include_router(router)
    async with serve(app, http) as port, connect(port) as client:
        client.send("GET /api/work")
        await work.started.wait()
        await client.leave()
        await work.cancelled.wait()
    with TestClient(app) as test_client, test_client.websocket_connect("/api/socket") as talker:
        talker.send_text("hello")
        assert talker.receive_text() == "hello"


# The client stays


async def test_a_background_task_runs_to_its_end_even_when_the_client_leaves_meanwhile(http: str) -> None:
    app, work = FastAPI(), Work()

    @app.get("/", dependencies=[cancel_on_disconnect])
    async def handler(background: BackgroundTasks) -> str:
        background.add_task(work)
        return "answer"

    async with serve(app, http) as port, connect(port) as client:
        client.send("GET /")
        assert await client.answer() == (200, b'"answer"')
        await work.started.wait()
        await client.leave()
        work.go.set()
        await work.finished.wait()
    assert not work.cancelled.is_set()


async def test_streaming_is_left_alone(http: str) -> None:
    app = FastAPI()

    async def parts() -> AsyncIterator[bytes]:
        for part in (b"a", b"b", b"c"):
            await asyncio.sleep(0)
            yield part

    @app.get("/", dependencies=[cancel_on_disconnect])
    async def handler() -> StreamingResponse:
        return StreamingResponse(parts(), headers={"content-length": "3"})

    async with serve(app, http) as port, connect(port) as client:
        client.send("GET /")
        assert await client.answer() == (200, b"abc")


@pytest.mark.parametrize("prepare", [as_it_is, with_middleware], ids=["bare", "in BaseHTTPMiddleware"])
async def test_a_get_handler_can_read_the_empty_body(http: str, prepare: Callable[[FastAPI], None]) -> None:
    app = FastAPI()
    prepare(app)

    @app.get("/", dependencies=[cancel_on_disconnect])
    async def handler(request: Request) -> list[str]:
        await asyncio.sleep(0)
        streamed = [part async for part in request.stream()]
        return [(await request.body()).decode(), b"".join(streamed).decode(), str(await request.is_disconnected())]

    async with serve(app, http) as port, connect(port) as client:
        client.send("GET /")
        assert await client.answer() == (200, b'["","","False"]')


@pytest.mark.parametrize("prepare", [as_it_is, with_middleware], ids=["bare", "in BaseHTTPMiddleware"])
@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "with a length"])
async def test_a_handler_that_reads_the_body_itself_gets_all_of_it_and_is_not_watched(
    http: str, prepare: Callable[[FastAPI], None], chunked: bool
) -> None:
    app, work = FastAPI(), Work()
    prepare(app)

    @app.post("/", dependencies=[cancel_on_disconnect])
    async def handler(request: Request) -> str:
        work.started.set()
        await asyncio.sleep(0)
        work.seen = await request.body()
        return await work()

    async with serve(app, http) as port, connect(port) as client:
        if chunked:
            client.send("POST /", transfer_encoding="chunked")
            client.writer.write(b"5\r\nfirst\r\n")
            await work.started.wait()
            client.writer.write(b"6\r\nsecond\r\n0\r\n\r\n")
        else:
            client.send("POST /", b"first", content_length="11")
            await work.started.wait()
            client.writer.write(b"second")
        work.go.set()
        assert await client.answer() == (200, b'"done"')
    assert work.seen == b"firstsecond"


@pytest.mark.parametrize("prepare", [as_it_is, with_middleware], ids=["bare", "in BaseHTTPMiddleware"])
async def test_the_connection_serves_further_requests(http: str, prepare: Callable[[FastAPI], None]) -> None:
    app = FastAPI()
    prepare(app)

    @app.post("/{number}", dependencies=[cancel_on_disconnect])
    async def handler(number: int, data: Annotated[list[int], Body()]) -> list[int]:
        await asyncio.sleep(0)
        return [number, *data]

    @app.get("/{number}", dependencies=[cancel_on_disconnect])
    async def read(number: int) -> int:
        await asyncio.sleep(0)
        return number

    async with serve(app, http) as port, connect(port) as client:
        for number in range(3):
            client.send(f"GET /{number}")
            assert await client.answer() == (200, b"%d" % number)
            client.send(f"POST /{number}", b"[7]", content_type="application/json")
            assert await client.answer() == (200, b"[%d,7]" % number)


async def test_pipelined_requests_are_all_answered(http: str) -> None:
    app, work = FastAPI(), Work()

    @app.get("/{number}", dependencies=[cancel_on_disconnect])
    async def handler(number: int) -> int:
        await work()
        return number

    async with serve(app, http) as port, connect(port) as client:
        for number in range(3):
            client.send(f"GET /{number}")
        await work.started.wait()
        work.go.set()
        assert [await client.answer() for _ in range(3)] == [(200, b"%d" % number) for number in range(3)]


# Races and oddities, with the messages in our hands


async def test_a_client_that_leaves_is_answered_with_499_and_the_task_is_clean() -> None:
    app, work = FastAPI(), Work()
    app.get("/", dependencies=[cancel_on_disconnect])(work.__call__)
    exchange = Exchange(app, EMPTY)
    await work.started.wait()
    exchange.leave()
    await exchange.task
    assert exchange.status == 499
    assert exchange.task.cancelling() == 0


async def test_a_client_that_left_before_its_handler_began_has_none() -> None:
    app, work = FastAPI(), Work()
    app.get("/", dependencies=[cancel_on_disconnect])(work.__call__)
    exchange = Exchange(app, {"type": "http.disconnect"})
    await exchange.task
    assert exchange.status == 499
    assert not work.started.is_set()


@pytest.mark.parametrize("handler_turns", range(4))
@pytest.mark.parametrize("leaves_after", range(24))
async def test_whenever_the_client_leaves_no_cancellation_goes_astray(handler_turns: int, leaves_after: int) -> None:
    """Either the handler was cancelled, or it was not and everything after it runs undisturbed."""
    app = FastAPI()
    became: list[str] = []

    async def background() -> None:
        await turns(5)
        became.append("background")

    @app.get("/", dependencies=[cancel_on_disconnect])
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
    assert (exchange.status, became) in [(499, []), (499, ["cancelled"]), (200, ["returned", "background"])]


async def test_a_cancellation_by_others_passes_as_it_is() -> None:
    app, work = FastAPI(), Work()
    app.get("/", dependencies=[cancel_on_disconnect])(work.__call__)
    exchange = Exchange(app, EMPTY)
    await work.started.wait()
    exchange.task.cancel("the server stops")
    with pytest.raises(asyncio.CancelledError, match="the server stops"):
        await exchange.task
    assert exchange.status is None


@pytest.mark.parametrize("client_first", [True, False])
async def test_a_cancellation_by_others_wins_when_the_client_leaves_as_well(client_first: bool) -> None:
    app, work = FastAPI(), Work()
    app.get("/", dependencies=[cancel_on_disconnect])(work.__call__)
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
    app, work = FastAPI(), Work()

    @app.get("/", dependencies=[cancel_on_disconnect])
    async def handler() -> str:
        with suppress(TimeoutError):
            async with asyncio.timeout(0):
                await work()
        return "late"

    exchange = Exchange(app, EMPTY)
    await exchange.task
    assert exchange.status == 200


async def test_a_handler_that_answers_all_the_same_is_let_do_so() -> None:
    app, work = FastAPI(), Work()

    @app.get("/", dependencies=[cancel_on_disconnect])
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


async def test_a_def_handler_is_not_watched() -> None:
    """Its thread would go on without the dependencies that it uses."""
    app, work = FastAPI(), Work()
    loop = asyncio.get_running_loop()

    @app.get("/", dependencies=[cancel_on_disconnect])
    def handler() -> str:
        return asyncio.run_coroutine_threadsafe(work(), loop).result(10)

    exchange = Exchange(app, EMPTY)
    await work.started.wait()
    exchange.leave()
    await turns(5)
    work.go.set()
    await exchange.task
    assert exchange.status == 200


async def test_the_watch_has_ended_before_the_answer_is_sent_and_what_it_sees_then_is_too_late() -> None:
    app = FastAPI()
    became: list[object] = []

    @app.get("/", dependencies=[cancel_on_disconnect])
    async def handler() -> str:
        await turns(3)
        return "answer"

    async def reluctant(scope: Scope, receive: Receive, send: Send) -> None:
        async def wrapped() -> Message:
            try:
                return await receive()
            except asyncio.CancelledError:
                await turns(3)
                became.append("watch ended")
                return {"type": "http.disconnect"}

        async def noting(message: Message) -> None:
            became.append(message.get("status", "body"))
            await send(message)

        await app(scope, wrapped, noting)

    exchange = Exchange(reluctant, EMPTY)
    await exchange.task
    assert became == ["watch ended", 200, "body"]
    assert exchange.task.cancelling() == 0


async def test_a_middleware_that_repeats_the_request_for_ever_does_not_hold_the_loop() -> None:
    app = FastAPI()

    @app.get("/", dependencies=[cancel_on_disconnect])
    async def handler() -> str:
        await turns(5)
        return "answer"

    async def repeating(scope: Scope, receive: Receive, send: Send) -> None:
        async def again() -> Message:
            return EMPTY

        await app(scope, again, send)

    exchange = Exchange(repeating)
    await exchange.task
    assert exchange.status == 200


async def test_a_middleware_that_keeps_the_first_message_costs_the_watch_not_the_request(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(marker, "_FIRST_MESSAGE_TIMEOUT", 0.01)
    app = FastAPI()
    app.get("/", dependencies=[cancel_on_disconnect])(partial(turns, 1))
    exchange = Exchange(app)
    async with asyncio.timeout(10):
        await exchange.task
    assert exchange.status == 200
    assert "a middleware keeps" in caplog.text


async def test_a_watch_that_fails_is_logged_and_costs_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    app, work = FastAPI(), Work()
    app.get("/", dependencies=[cancel_on_disconnect])(work.__call__)
    messages = iter([EMPTY])

    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        async def once() -> Message:
            for message in messages:
                return message
            raise ConnectionError("receive is broken")

        await app(scope, once, send)

    exchange = Exchange(failing)
    await work.started.wait()
    await turns(3)
    work.go.set()
    await exchange.task
    assert exchange.status == 200
    assert "receive is broken" in caplog.text
    caplog.clear()


@pytest.mark.parametrize("kind", ["object", "decorated"])
async def test_what_fastapi_awaits_is_watched_whatever_its_shape(kind: str) -> None:
    app, work = FastAPI(), Work()

    @wraps(work.__call__)
    def decorated() -> Coroutine[Any, Any, str]:
        return work()

    app.get("/", dependencies=[cancel_on_disconnect])(work if kind == "object" else decorated)
    exchange = Exchange(app, EMPTY)
    await work.started.wait()
    exchange.leave()
    await exchange.task
    assert exchange.status == 499


@pytest.mark.parametrize(("method", "watched"), [("GET", True), ("POST", False)])
async def test_over_http_2_only_a_method_without_body_is_watched(method: str, watched: bool) -> None:
    """There a body needs no header that announces it."""
    app, work = FastAPI(), Work()
    app.api_route("/", methods=[method], dependencies=[cancel_on_disconnect])(work.__call__)
    exchange = Exchange(app, EMPTY, method=method, http_version="2")
    await work.started.wait()
    exchange.leave()
    if watched:
        await work.cancelled.wait()
    else:
        work.go.set()
    await exchange.task
    assert exchange.status == (499 if watched else 200)
