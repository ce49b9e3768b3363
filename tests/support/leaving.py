"""Clients that leave: a real server on a socket, or a request whose messages are given by hand."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Scope

__all__ = ["EMPTY", "Client", "Exchange", "Work", "connect", "serve", "turns"]

EMPTY: Message = {"type": "http.request", "body": b"", "more_body": False}


@asynccontextmanager
async def serve(app: ASGIApp, http: str = "h11") -> AsyncIterator[int]:
    """A real uvicorn server on a socket. Gives its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    # The bound on its stop lets a test that would hang fail instead.
    config = uvicorn.Config(app, http=http, lifespan="off", log_config=None, ws="none", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        async with asyncio.timeout(20):
            yield int(listening.getsockname()[1])
    finally:
        server.should_exit = True
        await task
        listening.close()


class Client:
    """A client on a bare socket, which can leave whenever it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, start: str, body: bytes = b"", **headers: str) -> None:
        if body:
            headers.setdefault("content_length", str(len(body)))
        fields = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines = [f"{start} HTTP/1.1", "host: test", *fields, "", ""]
        self.writer.write("\r\n".join(lines).encode() + body)

    async def answer(self) -> tuple[int, bytes]:
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return int(head.split()[1]), await self.reader.readexactly(length)

    async def leave(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


@asynccontextmanager
async def connect(port: int) -> AsyncIterator[Client]:
    client = Client(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield client
    finally:
        await client.leave()


class Work:
    """Work that waits until it is let go, and what became of it."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.go = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.finished = asyncio.Event()
        self.seen: Any = None

    async def __call__(self) -> str:
        self.started.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        self.finished.set()
        return "done"


class Exchange:
    """One request given to the application by hand."""

    def __init__(self, app: ASGIApp, *messages: Message, **scope: Any) -> None:
        self.incoming: asyncio.Queue[Message] = asyncio.Queue()
        for message in messages:
            self.incoming.put_nowait(message)
        self.status: int | None = None
        scope = {"method": "GET", "headers": [], "http_version": "1.1", **scope}
        self.scope: Scope = {"type": "http", "path": "/", "query_string": b"", "root_path": "", **scope}
        self.task = asyncio.create_task(self._run(app))

    async def _run(self, app: ASGIApp) -> None:
        await app(self.scope, self.incoming.get, self._send)

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await asyncio.sleep(0)

    def leave(self) -> None:
        self.incoming.put_nowait({"type": "http.disconnect"})


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)
