"""The stream of events that the page follows: what changes each second, stalls when there are new ones, jobs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from loopline._cancel import cancel_and_wait
from loopline.dashboard.board import Board
from loopline.dashboard.leaving import until_leaving
from loopline.dashboard.view import stalls_of, view_of

__all__ = ["EventStream"]

EVERY = 1.0  # seconds between two looks
LONGEST = 600.0  # seconds of a stream; the page opens another
UNKNOWN = 20.0  # the same, under a server that does not tell that it stops


class EventStream:
    """A response that goes on until the reader leaves, or the server stops. An ASGI application.

    Args:
        board: What is looked at.
        chosen: Which process; None for all together.
        ended: Called when it is over.
    """

    def __init__(self, board: Board, chosen: int | None, ended: Callable[[], None]) -> None:
        self._board = board
        self._chosen = chosen
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events."""
        try:
            headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await _send_event(send, None, "retry: 1000\n\n")
            tasks = [
                asyncio.create_task(one, name=f"dashboard: {what}")
                for what, one in (
                    ("live", self._live(send)),
                    ("jobs", self._jobs(send)),
                    ("reader", _until_gone(receive)),
                    ("server", until_leaving(LONGEST, UNKNOWN)),
                )
            ]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await cancel_and_wait(tasks)
            for task in done:
                task.result()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._ended()

    async def _live(self, send: Send) -> None:
        stalls = None
        while True:
            look = await self._board.look()
            found = stalls_of(look.neighbours, self._chosen)
            if found != stalls:
                stalls = found
                await _send_event(send, "stalls", found)
            await _send_event(send, "live", view_of(look.neighbours, look.rates, self._chosen))
            await asyncio.sleep(EVERY)

    async def _jobs(self, send: Send) -> None:
        told = None
        while True:
            if (found := await self._board.jobs()) != told:
                told = found
                await _send_event(send, "jobs", told)
            await asyncio.sleep(EVERY)


async def _send_event(send: Callable[[Message], Awaitable[None]], name: str | None, data: Any) -> None:
    text = data if name is None else f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
