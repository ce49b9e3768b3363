"""A small service on loopback that stands for the rest of the world: it can be slow, fail or hang."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self, TypeAlias

import uvicorn
from anyio import to_thread
from fastapi import FastAPI, HTTPException

from loopline.errors import ConfigurationError

__all__ = ["Mode", "Traffic", "Upstream"]

Mode: TypeAlias = Literal["ok", "slow", "fail", "hang"]

SLOW = 0.5  # seconds
HANG = 30.0  # seconds: longer than any client waits, and still not for ever
GLANCE = 0.05  # seconds between two looks, while it hangs, whether the service stops

PEOPLE = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Barbara Liskov", "Edsger Dijkstra")


@dataclass(slots=True)
class Traffic:
    """How many calls of ``/people/ID`` came in, how many are running, and the most that ran at once."""

    started: int = 0
    running: int = 0
    most: int = 0


class Upstream:
    """The service, in a thread with an event loop of its own, so that nothing in the application can slow it down.

    An async context manager: ``url`` is where it listens while it is entered.
    """

    def __init__(self) -> None:
        self.traffic = Traffic()
        self._url: str | None = None

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end.

        Raises:
            ConfigurationError: If the service is not running.
        """
        if self._url is None:
            raise ConfigurationError("the upstream is not running: give it to lifespan(...)")
        return self._url

    async def __aenter__(self) -> Self:
        """Start to listen on a free port of loopback."""
        self.traffic = Traffic()
        listener = socket.create_server(("127.0.0.1", 0))
        self._url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            _service(self.traffic, lambda: self._server.should_exit),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="demo upstream", daemon=True
        )
        self._thread.start()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the service and its thread."""
        self._url = None
        self._server.should_exit = True
        await to_thread.run_sync(self._thread.join)


def _service(traffic: Traffic, stopping: Callable[[], bool]) -> FastAPI:
    app = FastAPI(title="Upstream")

    async def behave(mode: Mode) -> None:
        if mode == "slow":
            await asyncio.sleep(SLOW)
        elif mode == "hang":
            for _ in range(int(HANG / GLANCE)):
                if stopping():
                    break
                await asyncio.sleep(GLANCE)
        elif mode == "fail":
            raise HTTPException(500, "upstream internals that nobody else should read")

    @app.get("/quote")
    async def quote(mode: Mode = "ok") -> dict[str, str]:
        await behave(mode)
        return {"quote": "Let the slow train step aside.", "by": "a signalman"}

    @app.get("/people/{number}")
    async def person(number: int, mode: Mode = "ok") -> dict[str, object]:
        traffic.started += 1
        traffic.running += 1
        traffic.most = max(traffic.most, traffic.running)
        try:
            await behave(mode)
        finally:
            traffic.running -= 1
        if not 1 <= number <= len(PEOPLE):
            raise HTTPException(404, "no such person")
        return {"id": number, "name": PEOPLE[number - 1]}

    return app
