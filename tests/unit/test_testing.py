"""loopline.testing.client: an application with its lifespan, without a server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from fastapi import FastAPI, Request
from starlette.types import Receive, Scope, Send

from loopline import LooplineError
from loopline.testing import client

pytestmark = pytest.mark.anyio


async def test_each_request_has_its_own_copy_of_the_lifespans_state() -> None:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, int]]:
        yield {"visits": 0}

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def visit(request: Request) -> int:
        request.state.visits += 1
        return int(request.state.visits)

    async with client(app) as http:
        assert [(await http.get("/")).json() for _ in range(2)] == [1, 1]


async def test_an_error_of_the_start_reaches_the_test() -> None:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        raise ZeroDivisionError
        yield

    with pytest.raises(ZeroDivisionError):
        async with client(FastAPI(lifespan=lifespan)):
            pytest.fail("the application must not start")


async def test_an_error_of_the_stop_reaches_the_test() -> None:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async with client(FastAPI(lifespan=lifespan)):
            pass


async def test_a_start_that_fails_without_an_exception_is_an_error() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    with pytest.raises(LooplineError, match="startup failed"):
        async with client(app):
            pytest.fail("the application must not start")


@pytest.mark.parametrize("phase", ["startup", "shutdown"])
async def test_a_lifespan_that_hangs_is_given_up(phase: str) -> None:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if phase == "startup":
            await anyio.sleep_forever()
        yield
        await anyio.sleep_forever()

    with pytest.raises(TimeoutError, match=phase):
        async with client(FastAPI(lifespan=lifespan), timeout=0.05):
            assert phase == "shutdown"


@pytest.mark.parametrize("raises", [True, False])
async def test_an_exception_of_the_application_reaches_the_test_unless_told_otherwise(raises: bool) -> None:
    app = FastAPI()

    @app.get("/")
    async def fail() -> Any:
        raise ZeroDivisionError

    async with client(app, raise_app_exceptions=raises) as http:
        if raises:
            with pytest.raises(ZeroDivisionError):
                await http.get("/")
        else:
            assert (await http.get("/")).status_code == 500
