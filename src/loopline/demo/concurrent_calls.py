"""Pattern: concurrent calls. Bounded, an outcome for each, and given up when the client leaves."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from loopline.demo.external_calls import Http
from loopline.demo.resources import BUSY, batches, upstream
from loopline.demo.upstream import Mode
from loopline.disconnect import cancel_on_disconnect
from loopline.errors import UpstreamError
from loopline.fanout import Succeeded, fan_out

__all__ = ["IN_FLIGHT", "MOST_IDS", "router"]

router = APIRouter(tags=["concurrent calls"])

IN_FLIGHT = 8
MOST_IDS = 50


class Person(BaseModel):
    """Somebody the other service knows."""

    id: int
    name: str


class PersonError(BaseModel):
    """Why one of them could not be had."""

    user_id: int
    error: str


class Batch(BaseModel):
    """Those that could be had, and those that could not, each in the order asked for."""

    users: list[Person]
    errors: list[PersonError]


UserIds = Annotated[
    list[Annotated[int, Field(ge=1, le=2**31 - 1)]],
    # A bare list[int] would be read from the body, even in a GET.
    Query(
        min_length=1,
        max_length=MOST_IDS,
        description=f"At most {MOST_IDS}",
        openapi_examples={"two that are there and one that is not": {"value": [1, 2, 999]}},
    ),
]


@router.get("/users/batch", dependencies=[batches.place, cancel_on_disconnect], responses=BUSY)
async def users_batch(user_ids: UserIds, http: Http, mode: Mode = "ok") -> Batch:
    """Ask another service for each user, at most 8 at once. What fails for one leaves the others alone."""

    async def fetch(user_id: int) -> Any:
        return await http.get_json(f"{upstream.url}/people/{user_id}", params={"mode": mode})

    outcomes = await fan_out(fetch, user_ids, limit=IN_FLIGHT)
    return Batch(
        users=[Person(**outcome.value) for outcome in outcomes if isinstance(outcome, Succeeded)],
        errors=[
            PersonError(user_id=outcome.item, error=_explain(outcome.error))
            for outcome in outcomes
            if not isinstance(outcome, Succeeded)
        ],
    )


def _explain(error: Exception) -> str:
    if isinstance(error, UpstreamError) and error.upstream_status == 404:
        return "There is no such user."
    return str(getattr(error, "detail", "It could not be fetched."))
