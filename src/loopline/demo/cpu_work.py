"""Pattern: CPU work. It leaves the process, has a timeout and a bounded queue, and ends when the client leaves."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Query
from pydantic import BaseModel

from loopline.demo.compute import digest
from loopline.demo.resources import BUSY, Problem, cpu, executor
from loopline.disconnect import cancel_on_disconnect
from loopline.lanes import Lane

__all__ = ["router"]

router = APIRouter(tags=["CPU work"])

LaneName: TypeAlias = Literal["process", "executor"]
LANES: dict[LaneName, Lane] = {"process": cpu, "executor": executor}


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
    lane: LaneName = "process",
) -> Processed:
    """Work through ``data`` in another process; the event loop stays free.

    ``process``, the ProcessLane, frees the CPU when the client leaves; ``executor``, a ProcessPoolExecutor, can't.
    """
    return Processed(result=await LANES[lane].run(digest, data, timeout=10))
