"""Endpoints that are innocent themselves: what is around them blocks."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute

from benchmarks.watch.sizes import SLEEP

__all__ = ["mounted", "router"]


class Measured(APIRoute):
    """A route class of one's own."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler in one that blocks."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            response = await inner(request)
            time.sleep(SLEEP)  # guilty: route-class
            return response

        return handler


router = APIRouter(prefix="/routes")
measured = APIRouter(prefix="/measured", route_class=Measured)
mounted = FastAPI()


@router.get("/pure-middleware")
async def behind_pure() -> dict[str, bool]:
    """Answer at once."""
    return {"done": True}


@router.get("/base-http-middleware")
async def behind_wrapping() -> dict[str, bool]:
    """Answer at once."""
    return {"done": True}


@measured.get("/{number}")
async def in_measured(number: int) -> dict[str, int]:
    """Answer at once."""
    return {"number": number}


@mounted.get("/reports/{year}")
async def report_of_year(year: int) -> dict[str, int]:
    """Block in an application that is mounted in another."""
    time.sleep(SLEEP)  # guilty: mounted
    return {"year": year}


router.include_router(measured)
