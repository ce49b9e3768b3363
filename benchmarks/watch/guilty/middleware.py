"""Middleware that blocks, each on one path only."""

from __future__ import annotations

import time

from fastapi import Request, Response
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.watch.sizes import SLEEP

__all__ = ["PureMiddleware", "WrappingMiddleware"]


class PureMiddleware:
    """ASGI middleware, pure."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Block before the router has seen the request."""
        if scope["type"] == "http" and scope["path"].endswith("/routes/pure-middleware"):
            time.sleep(SLEEP)  # guilty: pure-middleware
        await self.app(scope, receive, send)


class WrappingMiddleware(BaseHTTPMiddleware):
    """Middleware with Starlette's helper, which runs the application in a task of its own."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Block when the answer is there."""
        response = await call_next(request)
        if request.url.path.endswith("/routes/base-http-middleware"):
            time.sleep(SLEEP)  # guilty: base-http-middleware
        return response
