"""Watch: the middleware that names what blocks the event loop, and which request is to blame."""

from __future__ import annotations

import asyncio
from asyncio import get_running_loop
from contextlib import nullcontext
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loopline.watch.frames import count_as_own
from loopline.watch.lag import Lag
from loopline.watch.output import Output, is_terminal
from loopline.watch.report import Report
from loopline.watch.request import MARK, Request, current_mark, module_of
from loopline.watch.traffic import Traffic
from loopline.watch.watcher import Watcher

__all__ = ["Watch"]


class _Beside(Protocol):
    """An ASGI application that is also a resource."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        ...

    async def __aenter__(self) -> object:
        """Start."""
        ...

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        """Close."""
        ...


class Watch:
    """Finds what blocks the event loop and which await was forgotten: ``app.add_middleware(Watch)``.

    A heartbeat on the loop and a thread beside it; the thread looks closer only while the heart is late. Findings go
    to the log (``loopline.watch``), or to a terminal if there is one.

    Args:
        app: The ASGI application. ``add_middleware`` gives it.
        threshold: Seconds that the loop may stand still without being told of. Default 0.1.
        origins: Whether Python notes for every coroutine where it was made: forgotten awaits then have their exact
            line, and every coroutine costs more. For development.
        report: A file for a line of JSON for each finding.

    Raises:
        ConfigurationError: If the threshold can't be, or the file can't be written.
    """

    def __init__(
        self, app: ASGIApp, *, threshold: float = 0.1, origins: bool = False, report: str | Path | None = None
    ) -> None:
        self._app = app
        self._lives = 0  # lifespans under way, whose loops are watched
        self._loop: asyncio.AbstractEventLoop | None = None  # without one: the last that was seen to be watched
        self._beside: _Beside | None = None
        self._below = ""
        output = Output(None if report is None else Path(report), terminal=is_terminal())
        self._watcher = Watcher(threshold=threshold, origins=origins, tell=output.tell)
        # Each request pays for what stands in __call__, a microsecond for three or four steps.
        self._kept, self._keep = self._watcher.routes.kept, self._watcher.routes.keep
        self._suspects = self._watcher.awaits.suspects

    @property
    def report(self) -> Report:
        """What was found so far."""
        return self._watcher.report

    @property
    def lag(self) -> Lag:
        """How late the loop has come around so far."""
        return self._watcher.lag

    def answer_beside(self, path: str, app: _Beside) -> None:
        """Let another application answer what is asked for below a path. It isn't watched.

        Args:
            path: The path, without a slash at its end.
            app: The application, which lives as long as the one that is watched.
        """
        self._below, self._beside = path, app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application for one request, websocket or lifespan."""
        # Each request pays for what stands here, a microsecond for three or four steps. A list costs less than an
        # object, a look for what is seldom missing less than `get`.
        if MARK in scope or scope["type"] == "lifespan" or (self._beside is not None and self._is_below(scope)):
            await self._pass_on(scope, receive, send)
            return
        if not self._lives:
            self._add_unknown_loop()
        scope[MARK] = True
        mark = [scope, monotonic()]
        token = current_mark.set(mark)
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            self._watcher.awaits.search(error, Request(mark))
            raise
        finally:
            current_mark.reset(token)
            if self._suspects:
                self._watcher.awaits.search_suspects(Request(mark))
            if Traffic.wanted:
                self._watcher.traffic.end(Request(mark))
            try:
                mark[0] = self._kept[id(scope["endpoint"])]
            except KeyError:
                mark[0] = self._keep(scope)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run what is no request to watch: a lifespan, what is being watched already, or what is answered beside."""
        if scope["type"] == "lifespan":
            async with self._beside or nullcontext():
                await self._live(scope, receive, send)
        elif MARK in scope or self._beside is None:
            await self._app(scope, receive, send)
        else:
            root: str = scope.get("root_path", "")
            await self._beside({**scope, "root_path": root + self._below}, receive, send)

    def _is_below(self, scope: Scope) -> bool:
        path: str = scope["path"]
        if self._below not in path:
            return False
        root: str = scope.get("root_path", "")
        own = path.removeprefix(root) if root else path
        return f"{own}/".startswith(f"{self._below}/")

    def _add_unknown_loop(self) -> None:
        if get_running_loop() is not self._loop:
            self._add_loop()

    def _add_loop(self) -> None:
        self._watcher.add_loop()
        self._loop = get_running_loop()

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        alive = False

        async def send_and_note(message: Message) -> None:
            nonlocal alive
            # Until it has started, nobody waits; once it is closing, nobody comes.
            if message["type"] == "lifespan.startup.complete" and not alive:
                if (module := module_of(scope.get("app"))) is not None:
                    count_as_own(module)
                self._add_loop()
                self._lives += 1
                alive = True
            await send(message)

        async def receive_and_note() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                die()
                self._watcher.remove_loop(get_running_loop())
                await asyncio.to_thread(self._watcher.settle)
                self._loop = None
            return message

        def die() -> None:
            nonlocal alive
            self._lives -= alive
            alive = False

        try:
            await self._app(scope, receive_and_note, send_and_note)
        finally:
            die()
