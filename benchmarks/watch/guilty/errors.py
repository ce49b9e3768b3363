"""Exception handlers."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from benchmarks.watch.sizes import SLEEP

__all__ = ["OutOfStock", "handle", "router"]

router = APIRouter(prefix="/errors")


class OutOfStock(Exception):
    """Raised when there is nothing left."""


async def handle(request: Request, error: Exception) -> JSONResponse:
    """Block while the answer to an error is made."""
    time.sleep(SLEEP)  # guilty: exception-handler
    return JSONResponse({"detail": "out of stock"}, 409)


@router.post("/orders")
async def order() -> None:
    """Fail at once."""
    raise OutOfStock
