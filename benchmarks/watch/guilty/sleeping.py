"""The plainest: a call that sleeps, here and further down."""

from __future__ import annotations

import logging
import time

from fastapi import APIRouter

from benchmarks.watch.guilty.layers import SlowHandler, load_order, load_user
from benchmarks.watch.sizes import SLEEP

__all__ = ["router"]

router = APIRouter(prefix="/sleeping")
_log = logging.getLogger("benchmarks.watch.slow")
_log.addHandler(SlowHandler())
_log.propagate = False


@router.get("/direct")
async def direct() -> dict[str, bool]:
    """Sleep in the endpoint itself."""
    time.sleep(SLEEP)  # guilty: direct
    return {"done": True}


@router.get("/two-deep")
async def two_deep() -> dict[str, int]:
    """Sleep in a function of another module."""
    return load_user(1)


@router.get("/three-deep")
async def three_deep() -> dict[str, int]:
    """Sleep three calls down."""
    return load_order(1)


@router.get("/log")
async def log() -> dict[str, bool]:
    """Log to a handler that blocks."""
    _log.warning("an order was placed")
    return {"done": True}


shops = APIRouter(prefix="/shops/{shop}")


@shops.get("/items/{item}")
async def item_of_shop(shop: str, item: int) -> dict[str, str | int]:
    """Block on a route with parameters, the first of which is in a router's prefix."""
    time.sleep(SLEEP)  # guilty: path-parameters
    return {"shop": shop, "item": item}


@shops.put("/items/{item}")
async def put_item(shop: str, item: int) -> dict[str, str | int]:
    """Block on another method of the same path."""
    time.sleep(SLEEP)  # guilty: other-method
    return {"shop": shop, "item": item}


router.include_router(shops)
