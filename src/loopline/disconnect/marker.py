"""Cancel a route's handler for a client that has left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from fastapi import Depends, params
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request

from loopline._cancel import cancel_and_wait
from loopline.disconnect._request import can_be_cancelled, has_no_body

__all__ = ["cancel_on_disconnect"]

logger = logging.getLogger(__name__)

# Seconds for the message that begins a request without a body; a server has it at once. Only where a middleware
# took it and kept it does the wait end without it.
_FIRST_MESSAGE_TIMEOUT = 1.0


async def _cancel_on_disconnect(connection: HTTPConnection) -> AsyncIterator[None]:
    """Cancel the handler when its client leaves, and answer nobody with 499."""
    if not isinstance(connection, Request) or not can_be_cancelled(connection.scope.get("endpoint")):
        yield
        return
    request = connection
    try:
        watchable = await _is_read(request)
    except ClientDisconnect:
        raise _client_has_left() from None
    if not watchable:
        yield
        return

    handler = asyncio.current_task()
    assert handler is not None
    cancelling_before = handler.cancelling()
    handler_runs = True
    left = False

    async def watch() -> None:
        nonlocal left
        try:
            # One message only: the request is read, so whatever else comes is a middleware's own invention, and one
            # that repeats itself would keep this loop busy for ever.
            message = await request.receive()
        except Exception:
            logger.exception("The client of this request can't be watched: receive() failed")
            return
        if message["type"] == "http.disconnect" and handler_runs:
            left = True
            handler.cancel("The client has left")

    watcher = asyncio.create_task(watch())
    try:
        try:
            yield
        finally:
            # From here on no cancellation is sent. One that was sent has arrived: the handler's task was waiting
            # inside this block then, and it can't come here but by waking up with it.
            handler_runs = False
            if left:
                handler.uncancel()
            await cancel_and_wait([watcher])
    except asyncio.CancelledError:
        if left and handler.cancelling() <= cancelling_before:
            raise _client_has_left() from None
        raise  # somebody else wants the task to end


cancel_on_disconnect: params.Depends = Depends(_cancel_on_disconnect, scope="function")
"""Cancels a route's handler when the client leaves before the answer: ``dependencies=[cancel_on_disconnect]``.

It goes on a route, or on an ``APIRouter`` or ``FastAPI`` for all of theirs. The handler, and the dependencies that it
is still waiting for, see ``asyncio.CancelledError``; the request ends as a 499, which nobody receives.

Watched is the time until the handler returns: streaming and background tasks are left alone. Not watched, because
it would do harm, are a ``def`` handler (its thread can't be stopped, and would lose its session), a websocket, and a
handler that reads a body from the ``Request`` itself (the watcher would take the body away from it): declare the body
as a parameter instead.
"""


def _client_has_left() -> HTTPException:
    return HTTPException(499, "The client closed the connection.")


async def _is_read(request: Request) -> bool:
    """Whether all of the request has been read, so that the next message can only be that the client left."""
    # Starlette's own mark, and there is no public one. Should it go, requests with a body are not watched.
    if getattr(request, "_stream_consumed", False):
        return True
    if not has_no_body(request.scope):
        return False
    try:
        async with asyncio.timeout(_FIRST_MESSAGE_TIMEOUT):
            # An empty body, and the request keeps it: a handler that asks for it gets it.
            await request.body()
    except TimeoutError:
        logger.warning("The client of this request can't be watched: a middleware keeps the request's first message")
        return False
    return True
