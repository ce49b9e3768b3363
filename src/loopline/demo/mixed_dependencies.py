"""Pattern: sync and async dependencies mixed. Each runs where it does not block the loop."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select

from loopline.demo.resources import BUSY, Problem, ReadSession, SyncReadSession
from loopline.demo.tables import DEMO_TOKEN, Item, User, hash_token

__all__ = ["router"]

router = APIRouter(tags=["mixed dependencies"])


class ItemOut(BaseModel):
    """Something to order. The price is in cents."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    price: int


class Profile(BaseModel):
    """Who the token belongs to."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    email: str


def cheapest_items(session: SyncReadSession, limit: Annotated[int, Query(ge=1, le=100)] = 10) -> list[ItemOut]:
    """Query with a blocking session. A ``def`` dependency runs in a thread, and so does the query in it.

    The usual recipe hands the blocking session on to the ``async def`` endpoint and queries there: on the loop.
    """
    return [ItemOut.model_validate(item) for item in session.scalars(select(Item).order_by(Item.price).limit(limit))]


@router.get("/items", responses=BUSY)
async def items(items: Annotated[list[ItemOut], Depends(cheapest_items)]) -> list[ItemOut]:
    """An ``async def`` with a ``def`` dependency, which has done the blocking query before this runs."""
    return items


bearer = HTTPBearer(auto_error=False, description=f"In this demo: `{DEMO_TOKEN}`")


async def current_user(
    session: ReadSession, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Profile:
    """Find the user of the token with the async session; 401 without one."""
    if credentials is not None:
        found = await session.scalar(select(User).where(User.token_hash == hash_token(credentials.credentials)))
        if found is not None:
            return Profile.model_validate(found)
    raise HTTPException(
        401,
        f"Send the header 'Authorization: Bearer TOKEN'. In this demo the token is {DEMO_TOKEN}.",
        headers={"WWW-Authenticate": "Bearer"},
    )


CurrentUser: TypeAlias = Annotated[Profile, Depends(current_user)]


@router.get("/profile", responses=BUSY | {401: {"model": Problem, "description": "No token, or a wrong one"}})
def profile(user: CurrentUser) -> Profile:
    """A ``def`` with an ``async`` dependency: the dependency runs on the loop, the endpoint in a thread."""
    return user
