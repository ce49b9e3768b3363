"""Pattern: the async database. The request's session, read-only here, and a 404."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict

from loopline.demo.resources import BUSY, Id, Problem, ReadSession
from loopline.demo.tables import User

__all__ = ["router"]

router = APIRouter(tags=["async database"])


class UserOut(BaseModel):
    """A user as others see one."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    email: str


@router.get("/users/{user_id}", responses=BUSY | {404: {"model": Problem, "description": "There is no such user"}})
async def user(user_id: Id, session: ReadSession) -> UserOut:
    """Read one user."""
    found = await session.get(User, user_id)
    if found is None:
        raise HTTPException(404, f"There is no user {user_id}. This demo starts with the users 1 to 5.")
    return UserOut.model_validate(found)
