"""Pattern: CPU work. It leaves the process, has a timeout and a bounded queue, and ends when the client leaves.

`/primes` tells how far it is while it goes on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.sse import EventSourceResponse
from pydantic import BaseModel

from loopline.demo.compute import Progress, digest, primes
from loopline.demo.resources import BUSY, Problem, cluster, cpu, executor
from loopline.demo.settings import RAY_ADDRESS_VARIABLE
from loopline.disconnect import cancel_on_disconnect
from loopline.lanes import Lane, Stream

__all__ = ["router"]

router = APIRouter(tags=["CPU work"])

LaneName: TypeAlias = Literal["process", "executor", "ray"]
LANES: dict[LaneName, Lane | None] = {"process": cpu, "executor": executor, "ray": cluster}


class Processed(BaseModel):
    """The result."""

    result: str


@router.post(
    "/process",
    dependencies=[cancel_on_disconnect],
    responses=BUSY
    | {
        501: {"model": Problem, "description": "There is no Ray cluster"},
        504: {"model": Problem, "description": "It took longer than 10 s"},
    },
)
async def process(
    data: Annotated[str, Query(max_length=10_000, openapi_examples={"hello": {"value": "hello"}})],
    lane: LaneName = "process",
) -> Processed:
    """Work through ``data`` in another process; the event loop stays free.

    ``process``, the ProcessLane, frees the CPU when the client leaves; ``executor``, a ProcessPoolExecutor, can't;
    ``ray``, the RayLane, does, on the cluster.
    """
    chosen = LANES[lane]
    if chosen is None:
        raise HTTPException(501, f"There is no Ray cluster: start the service with {RAY_ADDRESS_VARIABLE}=HOST:PORT.")
    return Processed(result=await chosen.run(digest, data, timeout=10))


async def _search(
    below: Annotated[int, Query(ge=1, le=2_000_000, openapi_examples={"a thousand": {"value": 1000}})] = 2_000_000,
) -> AsyncIterator[Stream[Progress]]:
    # Asked for before the response begins, so that a full lane is a 503; closed when the response has ended.
    async with cpu.stream(primes, below) as progress:
        yield progress


@router.get(
    "/primes",
    dependencies=[cancel_on_disconnect],
    response_class=EventSourceResponse,
    # By its `model` FastAPI would say that the refusal is an event stream too.
    responses={
        503: {
            "description": BUSY[503]["description"],
            "content": {"application/json": {"schema": Problem.model_json_schema()}},
        }
    },
)
async def find_primes(search: Annotated[Stream[Progress], Depends(_search)]) -> AsyncIterator[Progress]:
    """Search in another process and send how far it is, a hundred times. When the client leaves, the search ends."""
    async for progress in search:
        yield progress
