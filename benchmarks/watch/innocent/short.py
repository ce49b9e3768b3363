"""Endpoints that answer soon."""

from __future__ import annotations

import gc

from fastapi import APIRouter, Request
from pydantic import BaseModel

__all__ = ["router"]

router = APIRouter(prefix="/short")


class Order(BaseModel):
    """A body."""

    number: int
    items: list[str]


@router.get("/ping")
async def ping() -> dict[str, bool]:
    """Answer at once."""
    return {"pong": True}


@router.get("/orders/{number}")
async def order(number: int) -> Order:
    """Answer with a model."""
    return Order(number=number, items=["a", "b"])


@router.post("/orders")
async def create(order: Order) -> Order:
    """Validate a small body."""
    return order


@router.post("/echo")
async def echo(request: Request) -> dict[str, int]:
    """Read a body in parts."""
    return {"size": len(await request.body())}


@router.get("/collect")
async def collect() -> dict[str, int]:
    """Let the collector come, for little: what dies in it is not of this request."""
    return {"found": gc.collect(0)}


@router.get("/plain")
def plain() -> dict[str, bool]:
    """Answer at once, from a thread."""
    return {"done": True}
