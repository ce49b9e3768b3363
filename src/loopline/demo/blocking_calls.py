"""Pattern: a blocking call in ``def``. In a lane of its own it can't starve the other ``def`` endpoints."""

from __future__ import annotations

import time

from fastapi import APIRouter
from pydantic import BaseModel

from loopline.demo.resources import BUSY, Problem, legacy

__all__ = ["router"]

router = APIRouter(tags=["blocking calls"])

BLOCKS_FOR = 0.2  # seconds


class Message(BaseModel):
    """What the blocking call says."""

    message: str


@router.get(
    "/sync-operation",
    responses=BUSY | {504: {"model": Problem, "description": "It took longer than 30 s"}},
)
@legacy.offload
def sync_operation() -> Message:
    """Block for a while in the lane ``legacy``: 20 threads of its own and a bounded queue."""
    time.sleep(BLOCKS_FOR)
    return Message(message="done in a thread of the lane 'legacy'")


@router.get("/also-good")
def also_good() -> Message:
    """Block for a while in a plain ``def``: FastAPI runs it in one of the 40 threads that all of them share."""
    time.sleep(BLOCKS_FOR)
    return Message(message="done in one of FastAPI's threads")
