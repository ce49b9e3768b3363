"""Pattern: CPU work. It leaves the process, has a timeout and a bounded queue, and ends when the client leaves."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Query
from pydantic import BaseModel

from loopline.demo.compute import digest
from loopline.demo.resources import BUSY, Problem, cpu
from loopline.disconnect import cancel_on_disconnect
from loopline.lanes import Lane

__all__ = ["router"]

router = APIRouter(tags=["CPU work"])

LaneName: TypeAlias = Literal["executor"]
LANES: dict[LaneName, Lane] = {"executor": cpu}


class Processed(BaseModel):
    """The result."""

    result: str


@router.post(
    "/process",
    dependencies=[cancel_on_disconnect],
    responses=BUSY | {504: {"model": Problem, "description": "It took longer than 10 s"}},
)
async def process(
    data: Annotated[str, Query(max_length=10_000, openapi_examples={"hello": {"value": "hello"}})],
    lane: LaneName = "executor",
) -> Processed:
    """Work through ``data`` in a process of the chosen lane; the event loop stays free."""
    return Processed(result=await LANES[lane].run(digest, data, timeout=10))
