"""Dependencies that block."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends

from benchmarks.watch.sizes import SLEEP

__all__ = ["router"]


async def settings() -> dict[str, str]:
    """Block in an async dependency."""
    time.sleep(SLEEP)  # guilty: dependency
    return {"theme": "dark"}


async def session() -> AsyncIterator[str]:
    """Block after the yield, once the endpoint is done."""
    yield "session"
    time.sleep(SLEEP)  # guilty: dependency-teardown


async def limit() -> None:
    """Block in a dependency of a router."""
    time.sleep(SLEEP)  # guilty: router-dependency


class Permission:
    """Block in an instance that is called, below another dependency."""

    async def __call__(self) -> str:
        """Look up who may."""
        time.sleep(SLEEP)  # guilty: nested-dependency
        return "read"


async def user(permission: Annotated[str, Depends(Permission())]) -> str:
    """Depend on what blocks."""
    return permission


router = APIRouter(prefix="/dependencies")
limited = APIRouter(prefix="/limited", dependencies=[Depends(limit)])


@router.get("/async")
async def with_settings(found: Annotated[dict[str, str], Depends(settings)]) -> dict[str, str]:
    """Answer at once."""
    return found


@router.get("/teardown")
async def with_session(found: Annotated[str, Depends(session)]) -> dict[str, str]:
    """Answer at once."""
    return {"session": found}


@router.get("/nested")
async def with_user(found: Annotated[str, Depends(user)]) -> dict[str, str]:
    """Answer at once."""
    return {"user": found}


@limited.get("/")
async def with_limit() -> dict[str, bool]:
    """Answer at once."""
    return {"done": True}


router.include_router(limited)
