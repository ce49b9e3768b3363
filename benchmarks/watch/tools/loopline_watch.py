"""Loopline's watch inside an application. For detection it is started with ``loopline run``, see ``processes``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from benchmarks.watch.finding import Tell
from loopline import watch

__all__ = ["watching"]


def watching(app: FastAPI, tell: Tell) -> AbstractAsyncContextManager[None]:
    """Add the middleware, as the measurements of its cost do."""
    app.add_middleware(watch.Watch)
    return _nothing_more()


@asynccontextmanager
async def _nothing_more() -> AsyncIterator[None]:
    yield
