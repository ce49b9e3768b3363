"""The application that everybody watches: prefixes within prefixes, guilty endpoints among innocent ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from benchmarks.watch import guilty, innocent
from benchmarks.watch.guilty.errors import OutOfStock, handle
from benchmarks.watch.guilty.middleware import PureMiddleware, WrappingMiddleware
from benchmarks.watch.guilty.routes import mounted
from benchmarks.watch.supplies import Supplies, supplied

__all__ = ["app"]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[dict[str, Supplies]]:
    with supplied() as supplies:
        yield {"supplies": supplies}


app = FastAPI(lifespan=_lifespan)
app.add_middleware(PureMiddleware)
app.add_middleware(WrappingMiddleware)
app.add_exception_handler(OutOfStock, handle)
app.mount("/old", mounted)

_version = APIRouter(prefix="/v1")
_version.include_router(guilty.router)
_version.include_router(innocent.router)
_api = APIRouter(prefix="/api")
_api.include_router(_version)
app.include_router(_api)
