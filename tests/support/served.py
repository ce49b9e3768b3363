"""An application called as a server does: for each request a task of its own, and methods to receive and to send."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["served"]


class _Cycle:
    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def receive(self) -> Message:
        return await self._receive()

    async def send(self, message: Message) -> None:
        await self._send(message)

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        await app(scope, self.receive, self.send)


def served(app: ASGIApp) -> ASGIApp:
    """Return the application behind such a server."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.create_task(_Cycle(receive, send).run(app, scope))

    return serve
