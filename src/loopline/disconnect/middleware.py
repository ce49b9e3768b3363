"""Cancel the application's work for a client that has left."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from contextlib import suppress

from anyio import current_effective_deadline
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loopline._cancel import cancel_and_wait
from loopline.disconnect._request import can_be_cancelled, has_no_body

__all__ = ["CancelOnDisconnect"]

logger = logging.getLogger(__name__)


class CancelOnDisconnect:
    """Cancels the application when its client leaves before the response begins: ``app.add_middleware(...)``.

    The task that runs the request sees ``asyncio.CancelledError`` where it waits, and with it the handler, its calls
    in a lane, its fan-out, its query. The request ends as a 499, which nobody receives.

    Watched is the time from the end of the request, or from the start where it has no body, until the response
    begins: an upload, a response that is being sent, streaming and background tasks are left alone. So are websockets,
    the lifespan and a ``def`` handler (its thread can't be stopped, and would lose its session). An application that
    asks for itself whether the client is there (``request.is_disconnected()``, a server-sent event stream) is told,
    and from then on not cancelled. A cancellation by others passes as it is.

    Args:
        app: The ASGI application, on asyncio. ``add_middleware`` gives it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application for one request, websocket or lifespan."""
        if scope["type"] == "http":
            await _Exchange(scope, receive, send).run(self._app)
        else:
            await self._app(scope, receive, send)


class _Exchange:
    """One request and its response, between the server and the application."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._scope = scope
        self._receive = receive
        self._send = send
        self._watcher: asyncio.Task[None] | None = None
        self._watching = False
        # What the watcher was given and the application was not, and the news that there is something, or won't be.
        self._read: deque[Message | Exception] = deque()
        self._news = asyncio.Event()
        self._gone: Message | None = None
        self._asking = 0
        self._started = False
        self._over = False
        self._left = False

    async def run(self, app: ASGIApp) -> None:
        """Run the application, and cancel it when its client leaves."""
        cancelling_before = self._task.cancelling()
        if has_no_body(self._scope):
            self._watch()
        try:
            try:
                await app(self._scope, self._next_for_app, self._send_for_app)
            finally:
                # From here on no cancellation is sent. One that was sent has arrived: the task was waiting inside
                # this block then, and it can't come here but by waking up with it.
                self._over = True
                if self._left:
                    self._task.uncancel()
                if self._watcher is not None:
                    await cancel_and_wait([self._watcher])
                for error in self._read:
                    if isinstance(error, Exception):
                        logger.error("The client of a request could not be watched: receive() failed", exc_info=error)
        except asyncio.CancelledError:
            if not self._left or self._task.cancelling() > cancelling_before:
                raise  # somebody else wants the task to end
        if self._left and not self._started:
            # The server drops it, or says that the client is gone. But a middleware around this one wants an answer.
            with suppress(OSError):
                headers = [(b"content-length", b"0")]
                await self._send({"type": "http.response.start", "status": 499, "headers": headers})
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_for_app(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
        await self._send(message)

    async def _next_for_app(self) -> Message:
        # Who asks is told instead of cancelled. Who was given a part of the request had asked for no more than that,
        # but for is_disconnected(): it asks inside a cancelled scope.
        self._asking += 1
        message = await self._next()
        if message["type"] == "http.request" and current_effective_deadline() > -math.inf:
            self._asking -= 1
        return message

    async def _next(self) -> Message:
        while self._watching and not self._read:
            self._news.clear()
            await self._news.wait()
        if self._gone is not None:
            return self._gone  # whatever is unread, and however often it is asked: so do servers
        if not self._read:
            message = await self._receive()
            if _is_last(message):
                self._watch()
            return message
        given = self._read.popleft()
        if isinstance(given, Exception):
            raise given
        return given

    def _watch(self) -> None:
        self._watching = True
        self._watcher = asyncio.create_task(self._read_ahead())

    async def _read_ahead(self) -> None:
        """Read that the client left: the one message that can come once the request is read."""
        try:
            message = await self._receive()
            if _is_last(message):  # it was the whole of a request without a body
                self._give(message)
                message = await self._receive()
            self._give(message)
        except Exception as error:  # noqa: BLE001 - the application gets it, if it asks
            if self._asking or not self._started:
                self._give(error)
        finally:
            self._watching = False
            self._news.set()

    def _give(self, given: Message | Exception) -> None:
        """Keep what was read for the application. If it is that the client left and nobody asked for it: cancel."""
        self._news.set()
        if isinstance(given, Exception) or given["type"] != "http.disconnect":
            self._read.append(given)
            return
        self._gone = given
        if not (self._asking or self._started or self._over) and self._may_be_cancelled():
            self._left = True
            self._task.cancel("The client has left")

    def _may_be_cancelled(self) -> bool:
        # Starlette's and FastAPI's routers note the endpoint. What runs before them, or without, has none.
        endpoint = self._scope.get("endpoint")
        return endpoint is None or can_be_cancelled(endpoint)


def _is_last(message: Message) -> bool:
    return message["type"] == "http.request" and not message.get("more_body", False)
