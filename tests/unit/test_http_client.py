"""HttpClient: whatever the other service does, a call ends in time, within its size, as an answer or a 504 or 502."""

from __future__ import annotations

import asyncio
import gzip
import logging
import ssl
import subprocess
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from httpx2 import MockTransport, Request, Response

from loopline import ConfigurationError, HttpClient, UpstreamError, UpstreamTimeout

pytestmark = pytest.mark.anyio

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

SECRETS = ("s3cret", "token", "internal detail", "127.0.0.1", "upstream.test")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@asynccontextmanager
async def upstream(serve: Serve) -> AsyncIterator[str]:
    """A server on a real socket that does what ``serve`` does with each connection. Gives its URL."""
    connections: set[asyncio.Task[None]] = set()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, or the test is over
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(connection, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def answering(answer: bytes) -> Serve:
    """Every request on a connection gets this answer, and the connection is closed."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    return serve


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.Event().wait()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.005)


def mocked(handler: Callable[[Request], Response], max_response_bytes: int = 1_000_000) -> HttpClient:
    return HttpClient(
        base_url="http://upstream.test/api", transport=MockTransport(handler), max_response_bytes=max_response_bytes
    )


# Requests and answers


async def test_a_request_says_what_it_was_given_and_the_answer_is_read() -> None:
    def handler(request: Request) -> Response:
        assert request.method == "POST"
        assert str(request.url) == "http://upstream.test/api/users?tag=a&tag=b"
        assert request.headers["x-call"] == "1"
        assert request.headers["x-client"] == "1"
        assert request.read() == b'{"name":"Ada"}'
        return Response(201, json={"id": 7}, headers={"x-answer": "yes"})

    client = HttpClient(
        base_url="http://upstream.test/api", headers={"x-client": "1"}, transport=MockTransport(handler)
    )
    async with client as http:
        response = await http.post("/users", params={"tag": ["a", "b"]}, headers={"x-call": "1"}, json={"name": "Ada"})
    assert response.status_code == 201
    assert response.json() == {"id": 7}
    assert response.headers["x-answer"] == "yes"
    assert response.request.method == "POST"
    assert response.elapsed.total_seconds() >= 0


async def test_the_certificates_of_the_machine_are_read_off_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    read_in: list[threading.Thread] = []
    load = ssl.SSLContext.load_verify_locations

    def noted(self: ssl.SSLContext, *arguments: Any, **options: Any) -> None:
        read_in.append(threading.current_thread())
        load(self, *arguments, **options)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", noted)
    async with HttpClient():
        pass
    assert read_in
    assert threading.current_thread() not in read_in


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
async def test_each_method_has_its_shorthand(method: str) -> None:
    async with mocked(lambda request: Response(200, text=request.method)) as http:
        assert (await getattr(http, method)("/")).text == method.upper()


async def test_the_query_of_the_url_stays_where_no_params_are_given() -> None:
    async with mocked(lambda request: Response(200, text=str(request.url))) as http:
        assert (await http.get("/users?page=2", params={})).text == "http://upstream.test/api/users?page=2"


async def test_an_absolute_url_goes_past_the_base_url() -> None:
    async with mocked(lambda request: Response(200, text=str(request.url))) as http:
        assert (await http.get("http://other.test/x")).text == "http://other.test/x"


async def test_a_compressed_answer_is_read_decompressed() -> None:
    packed = gzip.compress(b"plain text")
    head = b"HTTP/1.1 200 Fine\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with upstream(answering(head + packed)) as url, HttpClient() as http:
        response = await http.get(url)
    assert response.text == "plain text"
    assert response.reason_phrase == "Fine"
    assert not {"content-encoding", "content-length"} & response.headers.keys(), "they told of the compressed body"


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    seen: list[str] = []

    def handler(request: Request) -> Response:
        seen.append(str(request.url))
        return Response(302, headers={"location": "http://elsewhere.test/"})

    async with mocked(handler) as http:
        response = await http.get("/old")
        assert response.status_code == 302
        assert response.next_request is not None
        with pytest.raises(UpstreamError, match="a redirect") as caught:
            await http.get_json("/old")
    assert caught.value.upstream_status == 302
    assert seen == ["http://upstream.test/api/old"] * 2


async def test_a_cookie_set_for_one_caller_is_not_sent_for_the_next() -> None:
    def handler(request: Request) -> Response:
        return Response(200, text=request.headers.get("cookie", "none"), headers={"set-cookie": "session=ada; Path=/"})

    async with mocked(handler) as http:
        assert (await http.get("/")).cookies["session"] == "ada", "the caller it was meant for can read it"
        assert (await http.get("/")).text == "none"


async def test_the_client_itself_is_at_hand() -> None:
    async with mocked(lambda _: Response(503)) as http:
        assert isinstance(http.client, httpx2.AsyncClient)
        assert (await http.client.get("/")).status_code == 503


async def test_the_client_itself_has_the_timeout_too() -> None:
    async with upstream(hang) as url, HttpClient(timeout=0.05) as http, asyncio.timeout(10):
        assert http.client.timeout == httpx2.Timeout(0.05)
        with pytest.raises(httpx2.TimeoutException):  # on a busy machine, to connect may take as long
            await http.client.get(url)


# JSON


async def test_json_is_parsed() -> None:
    async with mocked(lambda _: Response(200, json=[1, {"a": None}])) as http:
        assert await http.get_json("/") == [1, {"a": None}]


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>internal detail</html>", b'{"a": ', b"\xff\xfe\xff", b"[" * 100_000],
    ids=lambda b: repr(b[:9]),
)
async def test_an_answer_that_is_not_json_is_a_failure_of_the_other_service(body: bytes) -> None:
    async with mocked(lambda _: Response(200, content=body)) as http:
        with pytest.raises(UpstreamError, match=r"GET http://upstream\.test/api/x answered with what is not JSON"):
            await http.get_json("/x")


# Statuses


@pytest.mark.parametrize("status", [400, 404, 500, 503])
async def test_a_status_of_400_and_above_is_a_failure_that_tells_its_status(status: int) -> None:
    async with mocked(lambda _: Response(status, text="internal detail")) as http:
        with pytest.raises(UpstreamError) as caught:
            await http.get("/users/7?token=s3cret")
    assert caught.value.upstream_status == status
    assert str(caught.value) == f"GET http://upstream.test/api/users/7 answered {status}"


async def test_a_status_that_is_allowed_is_an_answer() -> None:
    async with mocked(lambda _: Response(404, json={"detail": "none"})) as http:
        assert (await http.get("/", allow_status={404})).status_code == 404
        assert await http.get_json("/", allow_status=[404]) == {"detail": "none"}


# What can go wrong on the way


async def test_an_upstream_that_hangs_is_a_timeout() -> None:
    async with upstream(hang) as url, HttpClient(timeout=0.05) as http:
        with pytest.raises(UpstreamTimeout, match=r"^GET http://127\.0\.0\.1:\d+/x took longer than 0\.05 s"):
            await http.get(f"{url}/x?token=s3cret")


async def test_an_upstream_that_drips_cannot_hold_a_call_beyond_its_timeout() -> None:
    async with upstream(drip) as url, HttpClient(timeout=0.1) as http, asyncio.timeout(10):
        with pytest.raises(UpstreamTimeout):
            await http.get(url)


async def test_an_upstream_that_does_not_listen_is_a_failure() -> None:
    async with upstream(hang) as url:
        pass
    async with HttpClient() as http:
        with pytest.raises(UpstreamError, match="ConnectError"):
            await http.get(url)


BROKEN = {
    "nothing": b"",
    "not HTTP": b"what?\r\n\r\n",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
    "half a header": b"HTTP/1.1 200 OK\r\nContent-Le",
    "a bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
    "a missing chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "bad compression": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
async def test_an_answer_that_breaks_off_or_breaks_the_protocol_is_a_failure(answer: bytes) -> None:
    async with upstream(answering(answer)) as url, HttpClient() as http:
        with pytest.raises(UpstreamError) as caught:
            await http.get(url)
    assert isinstance(caught.value.__cause__, httpx2.RequestError), "the log can tell why"


async def test_an_answer_too_large_is_cut_off_while_it_comes() -> None:
    sent = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    async with upstream(endless) as url, HttpClient(timeout=30, max_response_bytes=1_000_000) as http:
        with pytest.raises(UpstreamError, match="more than 1000000 bytes"):
            await http.get(url)


async def test_an_answer_that_is_small_only_while_compressed_is_cut_off_too() -> None:
    bomb = gzip.compress(b"\0" * 5_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    async with upstream(answering(head + bomb)) as url, HttpClient(max_response_bytes=1_000_000) as http:
        assert len(bomb) < 1_000_000
        with pytest.raises(UpstreamError, match="more than 1000000 bytes"):
            await http.get(url)


@pytest.mark.parametrize(("size", "fits"), [(100, True), (101, False)])
async def test_the_largest_answer_is_the_stated_one(size: int, fits: bool) -> None:
    async with mocked(lambda _: Response(200, content=b"x" * size), max_response_bytes=100) as http:
        if fits:
            assert len((await http.get("/")).content) == size
        else:
            with pytest.raises(UpstreamError):
                await http.get("/")


async def test_a_call_that_finds_no_free_connection_is_a_timeout() -> None:
    connections = 0

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        await writer.drain()
        await asyncio.Event().wait()

    async with (
        upstream(hold) as url,
        HttpClient(timeout=0.1, max_connections=1) as http,
        http.client.stream("GET", url, timeout=None),
    ):
        with pytest.raises(UpstreamTimeout):
            await http.get(url)
    assert connections == 1


async def test_a_cancelled_call_is_cancelled_and_gives_its_connection_back() -> None:
    arrived = asyncio.Event()
    left = asyncio.Event()

    async def first_hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET /hang"):
            arrived.set()
            assert await reader.read() == b""
            left.set()
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await writer.drain()

    async with upstream(first_hangs) as url, HttpClient(timeout=30, max_connections=1) as http, asyncio.timeout(20):
        task = asyncio.create_task(http.get(f"{url}/hang"))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await left.wait()
        assert (await http.get(f"{url}/next")).text == "ok", "the only connection is free again"


async def test_a_deadline_of_the_caller_stays_the_caller_s() -> None:
    async with upstream(hang) as url, HttpClient(timeout=30) as http:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.05):
                await http.get(url)
    assert not isinstance(caught.value, UpstreamTimeout)


@pytest.mark.parametrize("mine", [LookupError("mine"), TimeoutError("mine")], ids=repr)
async def test_an_error_of_the_body_that_is_sent_is_raised_as_it_is(mine: Exception) -> None:
    arrived = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"x"
        await arrived.wait()
        raise mine

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        await asyncio.Event().wait()

    async with upstream(listen) as url, HttpClient() as http:
        with pytest.raises(type(mine), match="mine") as caught:
            await http.post(url, content=body())
    assert caught.value is mine


# What the client of the service is told


@pytest.mark.parametrize("way", ["hang", "refused", "status", "large", "json"])
async def test_a_route_answers_504_or_502_without_a_word_of_the_other_service(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    large = b"HTTP/1.1 200 OK\r\n\r\n" + b"internal detail" * 200
    ways: dict[str, Serve] = {
        "hang": hang,
        "refused": hang,
        "status": answering(b"HTTP/1.1 500 Oops\r\nX-Trace: token\r\nContent-Length: 15\r\n\r\ninternal detail"),
        "large": answering(large),
        "json": answering(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\ninternal detail"),
    }
    app = FastAPI()
    async with upstream(ways[way]) as url, HttpClient(timeout=0.2, max_response_bytes=1000) as http:
        target = "http://127.0.0.1:9" if way == "refused" else url

        @app.get("/")
        async def route() -> object:
            return await http.get_json(f"{target}/x?token=s3cret".replace("http://", "http://ada:s3cret@"))

        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://app") as caller:
            answer = await caller.get("/")
    assert answer.status_code == (504 if way == "hang" else 502)
    told = f"{answer.text} {answer.headers!r}"
    assert not [secret for secret in SECRETS if secret in told]
    assert list(answer.json()) == ["detail"]
    assert not caplog.records, "no handler was needed"


async def test_the_log_is_told_the_call_without_user_password_and_query() -> None:
    async with mocked(lambda _: Response(500)) as http:
        with pytest.raises(UpstreamError) as caught:
            await http.get("http://ada:s3cret@upstream.test:8080/a%0Ab", params={"token": "s3cret"})
    assert str(caught.value) == "GET http://upstream.test:8080/a%0Ab answered 500"


# What is refused


async def test_a_client_that_is_not_open_says_what_to_do() -> None:
    http = HttpClient()
    with pytest.raises(ConfigurationError, match=r"Give it to lifespan\(\.\.\.\)"):
        await http.get("http://upstream.test/")
    with pytest.raises(ConfigurationError, match=r"Give it to lifespan\(\.\.\.\)"):
        _ = http.client


async def test_a_client_can_be_closed_twice_and_started_again() -> None:
    http = mocked(lambda _: Response(200))
    for _ in range(2):
        async with http:
            assert (await http.get("/")).status_code == 200
        await http.aclose()
        with pytest.raises(ConfigurationError):
            await http.get("/")


async def test_a_client_that_is_open_is_not_opened_again() -> None:
    async with HttpClient() as http:
        with pytest.raises(ConfigurationError, match="open already"):
            await http.__aenter__()


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"timeout": 0}, "seconds above 0"),
        ({"timeout": float("nan")}, "seconds above 0"),
        ({"max_connections": 0}, "1 or more"),
        ({"max_response_bytes": 0}, "1 or more"),
        ({"base_url": "upstream.test"}, "http:// or https://"),
        ({"base_url": "ftp://upstream.test"}, "http:// or https://"),
        ({"base_url": "http://upstream.test:port"}, "no URL"),
    ],
    ids=repr,
)
async def test_an_argument_that_cannot_work_is_refused_at_once(options: dict[str, int], advice: str) -> None:
    with pytest.raises(ConfigurationError, match=advice):
        HttpClient(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url", ["/a", "ftp://upstream.test/", "http://", "http://ada:s3cret/@x\n", "http://127.0.0.1:99999/"]
)
async def test_a_url_that_cannot_work_is_a_mistake_of_the_caller(url: str) -> None:
    async with HttpClient() as http:
        with pytest.raises(ConfigurationError) as caught:
            await http.get(url)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value, limit=0))


async def test_two_bodies_are_refused() -> None:
    async with mocked(lambda _: Response(200)) as http:
        with pytest.raises(ConfigurationError, match="one body"):
            await http.post("/", json={}, content=b"")


def test_importing_loopline_loads_no_optional_package() -> None:
    code = "import loopline, sys; print(*{'httpx2', 'sqlalchemy', 'uvicorn', 'stamina'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_without_httpx2_the_client_names_the_extra_to_install() -> None:
    code = (
        "import sys; sys.modules['httpx2'] = None\n"
        "import loopline\n"
        "try: loopline.HttpClient\n"
        "except loopline.MissingExtra as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "httpx2 is not installed. Run: pip install 'loopline[standard]'"
