"""The other service that all three call, in a process of its own: it answers as the reference service's own does.

A bare ASGI application, since it takes its CPU from the two cores that are measured.
"""

from __future__ import annotations

import asyncio
import json
import os
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs

from starlette.types import Message, Receive, Scope, Send

__all__ = ["URL", "Elsewhere", "app"]

URL = "SERVICE_BENCHMARK_UPSTREAM"  # the variable that says where it is
SLOW = 0.5  # seconds, for mode=slow
PEOPLE = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Barbara Liskov", "Edsger Dijkstra")


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer ``/people/NUMBER``; anything else but a person is a 404."""
    if scope["type"] != "http":
        raise RuntimeError("this service has no lifespan and no websockets")
    mode = parse_qs(scope["query_string"]).get(b"mode", [b"ok"])[0]
    if mode == b"slow":
        await asyncio.sleep(SLOW)
    last = scope["path"].rpartition("/")[2]
    found = last.isdigit() and 1 <= int(last) <= len(PEOPLE)
    answer = {"id": int(last), "name": PEOPLE[int(last) - 1]} if found else {"detail": "no such person"}
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    start: Message = {"type": "http.response.start", "status": 200 if found else 404, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})


class Elsewhere:
    """Takes the place of the reference service's own stand-in, whose thread would compete with the event loop."""

    @property
    def url(self) -> str:
        """Where the process is that answers."""
        return os.environ[URL]

    async def __aenter__(self) -> Self:
        """Start nothing."""
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop nothing."""
