"""Dashboard: the ASGI application that shows what happens in a service, closed to all but those who may look."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from fastapi import Depends, FastAPI, params
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Message, Receive, Scope, Send

from loopline.dashboard.access import SHORTEST_TOKEN, TOKEN_VARIABLE, Token, new_token, refusal
from loopline.dashboard.board import Board
from loopline.dashboard.hiding import Hiding
from loopline.dashboard.page import HEADERS, NAMES, file_response
from loopline.dashboard.routes import routes_of
from loopline.errors import ConfigurationError, LooplineError
from loopline.processes import HERE

__all__ = ["Dashboard"]

logger = logging.getLogger("loopline.dashboard")


class Dashboard:
    """The dashboard: ``app.mount("/loopline", Dashboard())``. ``loopline run`` mounts one by itself.

    Without ``authorize`` it answers on this machine only, to whoever opens the address with its token. That is printed.
    It is also a resource: given to ``lifespan(...)``, it shows the other worker processes of the service too.

    Args:
        authorize: A dependency of the application's own that raises for those who may not look. With it, the dashboard
            answers on all addresses, and there is no token.
        token: The token; None takes ``LOOPLINE_DASHBOARD_TOKEN`` of the environment, or a new one. Give the variable
            where several worker processes start by themselves, so that all have the same.
        hidden: Names of jobs' arguments that are secret, beside those that say so, such as ``password``.

    Raises:
        ConfigurationError: If the token is too short to be secret, or there is one although ``authorize`` decides.
    """

    def __init__(
        self,
        *,
        authorize: Callable[..., Any] | params.Depends | None = None,
        token: str | None = None,
        hidden: Iterable[str] = (),
    ) -> None:
        if token is not None and authorize is not None:
            raise ConfigurationError("give the dashboard either authorize=… or token=…: one of them decides")
        if token is not None and len(token) < SHORTEST_TOKEN:
            raise ConfigurationError(f"token: give at least {SHORTEST_TOKEN} characters")
        if isinstance(hidden, str):
            raise ConfigurationError("hidden: give a list of names")
        self._neighbours = HERE
        if authorize is None:
            self._token: Token | None = Token(token or _new_token())
            dependencies = []
        else:
            self._token = None
            dependencies = [authorize if isinstance(authorize, params.Depends) else Depends(authorize)]
        self._inner = FastAPI(
            title="Loopline's dashboard",
            openapi_url=None,
            dependencies=dependencies,
            exception_handlers={LooplineError: _problem, RequestValidationError: _misfit},
        )
        self._inner.include_router(routes_of(Board(self._neighbours), Hiding(hidden)))

    async def __aenter__(self) -> Self:
        """Show the other processes too, and be shown by them."""
        await self._neighbours.__aenter__()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Show no other processes any more."""
        await self._neighbours.__aexit__(exc_type, exc, traceback)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return

        async def send_closed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        answer = await self._answer(scope, receive)
        await (answer or self._inner)(scope, receive, send_closed)

    async def _answer(self, scope: Scope, receive: Receive) -> Response | None:
        """Return what is said at the door; None if the request may go on."""
        refused = refusal(scope, local=self._token is not None)
        if refused is not None:
            return JSONResponse({"detail": refused[1]}, refused[0])
        root: str = scope.get("root_path", "")
        path: str = scope["path"].removeprefix(root)
        if not path:  # what the page names is beside it
            return RedirectResponse(f"{root}/", 307)
        if path.startswith("/static/") and scope["method"] == "GET":
            name = path.removeprefix("/static/")
            return file_response(name) if name in NAMES else JSONResponse({"detail": "There is no such file."}, 404)
        headers = Headers(scope=scope)
        if self._token is None or self._token.admits(headers):
            return None
        if path == "/session":  # no refusal: a page that is open asks when the server is back
            return JSONResponse({"admitted": False})
        if path == "/login" and scope["method"] == "POST":
            return await _let_in(self._token, Request(scope, receive))
        if path == "/":
            return file_response("login.html")
        return JSONResponse({"detail": "Open the dashboard by the address that was printed at the start."}, 401)


def _new_token() -> str:
    token = new_token()
    if TOKEN_VARIABLE not in os.environ:
        print(f"Loopline's dashboard opens with #token={token} at the end of its address", file=sys.stderr, flush=True)
    return token


async def _problem(_: Request, error: Exception) -> Response:
    """Answer an error of Loopline's own, such as a database that is busy."""
    status = error.status_code if isinstance(error, HTTPException) else 503
    return JSONResponse({"detail": str(getattr(error, "detail", error))}, status)


async def _misfit(_: Request, error: Exception) -> Response:
    """Answer what does not fit without repeating it."""
    assert isinstance(error, RequestValidationError)
    problems = [f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors()[:5]]
    return JSONResponse({"detail": "; ".join(problems)}, 422)


async def _let_in(token: Token, request: Request) -> Response:
    try:
        given = json.loads(await request.body())["token"]  # its length has been looked at
    except (ValueError, KeyError, TypeError):
        given = None
    if not isinstance(given, str) or not token.is_right(given):
        logger.warning("somebody tried to open the dashboard with a wrong token")
        return JSONResponse({"detail": "This is not the token of this server. It was printed when it started."}, 401)
    path = f"{request.scope.get('root_path', '')}/"
    cookie = token.cookie(path, secure=request.url.scheme == "https")
    return Response(status_code=204, headers={"Set-Cookie": cookie})
