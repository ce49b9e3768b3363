"""Serve an application under one tool: ``python -m benchmarks.watch.serve TOOL LOOP APP PORT FINDINGS``."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, cast

import uvicorn
from fastapi import FastAPI

from benchmarks.watch.finding import Tell, notebook
from benchmarks.watch.python_warnings import hearing_warnings
from benchmarks.watch.tools import load

__all__ = ["serve"]


def serve(tool: str, loop: str, app: FastAPI, port: int, findings: Path) -> None:
    """Serve until SIGTERM, all with the same options.

    Args:
        tool: Its name.
        loop: uvloop or asyncio.
        app: The application.
        port: On loopback.
        findings: Where to write what the tool reports.
    """
    with notebook(findings) as tell, hearing_warnings(tell):
        _watch(tool, app, tell)
        uvicorn.run(
            app,
            host="127.0.0.1",
            port=port,
            loop=cast(Literal["uvloop", "asyncio"], loop),
            log_level="warning",
            access_log=False,
            timeout_keep_alive=60,  # longer than a run, so that no request meets a connection that is being closed
            timeout_graceful_shutdown=1,
        )


def _watch(tool: str, app: FastAPI, tell: Tell) -> None:
    watching = load(tool)(app, tell)
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        async with inner(app) as state, watching:
            yield state

    app.router.lifespan_context = lifespan


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], import_module(sys.argv[3]).app, int(sys.argv[4]), Path(sys.argv[5]))
