"""No tool: what Python itself says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from benchmarks.watch.finding import Tell

__all__ = ["watching"]


@asynccontextmanager
async def watching(app: FastAPI, tell: Tell) -> AsyncIterator[None]:
    """Do nothing: a coroutine that was never awaited is warned of in any case."""
    yield
