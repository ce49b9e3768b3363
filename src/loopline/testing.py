"""Help for the tests of an application: start it with its lifespan and talk to it without a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loopline._finish import finish_first
from loopline.errors import LooplineError, MissingExtra

try:
    import httpx2
except ImportError as error:
    raise MissingExtra("httpx2", "standard") from error

__all__ = ["client"]


@asynccontextmanager
async def client(
    app: ASGIApp,
    *,
    base_url: str = "http://testserver",
    raise_app_exceptions: bool = True,
    timeout: float = 30.0,
) -> AsyncIterator[httpx2.AsyncClient]:
    """Start an application with its lifespan and give a client that calls it directly, without a socket.

    httpx2's own ASGI transport skips the lifespan, so that nothing the application opens at start is there.
    A response is given whole, streams included.

    Args:
        app: The application.
        base_url: What relative URLs are resolved against.
        raise_app_exceptions: Whether an exception that the application lets through reaches the test; else it is a 500.
        timeout: Seconds that the application may take to start, and again to stop.

    Yields:
        An ``httpx2.AsyncClient``.

    Raises:
        TimeoutError: If the application does not start or stop in time.
        LooplineError: If it says that it failed to start without raising.
        BaseException: Whatever its lifespan raises.
    """
    async with _running(app, timeout) as state:

        async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "state": dict(state)}, receive, send)

        transport = httpx2.ASGITransport(with_state, raise_app_exceptions=raise_app_exceptions)
        async with httpx2.AsyncClient(transport=transport, base_url=base_url) as http:
            yield http


@asynccontextmanager
async def _running(app: ASGIApp, timeout: float) -> AsyncIterator[MutableMapping[str, Any]]:
    """Run the ASGI lifespan protocol in a task of its own, as a server does."""
    state: dict[str, Any] = {}
    to_app: asyncio.Queue[Message] = asyncio.Queue()
    from_app: asyncio.Queue[Message] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}
    task = asyncio.ensure_future(app(scope, to_app.get, from_app.put))

    async def step(phase: str) -> None:
        to_app.put_nowait({"type": f"lifespan.{phase}"})
        answer = asyncio.ensure_future(from_app.get())
        try:
            done, _ = await asyncio.wait({task, answer}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            answer.cancel()
        if not done:
            raise TimeoutError(f"the application's {phase} took longer than {timeout:g} s")
        if answer not in done or answer.result()["type"] != f"lifespan.{phase}.complete":
            await task  # raises what went wrong
            raise LooplineError(f"the application's {phase} failed without an exception")

    async def stop() -> None:
        try:
            await step("shutdown")
        finally:
            task.cancel()
            await asyncio.wait({task})

    try:
        await step("startup")
    except BaseException:
        task.cancel()
        await finish_first(asyncio.wait({task}))
        raise
    try:
        yield state
    finally:
        await finish_first(stop())
