"""Bodies that come in parts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from benchmarks.watch.sizes import SLEEP

__all__ = ["router"]

router = APIRouter(prefix="/streams")


async def rows() -> AsyncIterator[bytes]:
    """Block between two parts, when the headers are sent."""
    yield b"one\n"
    await asyncio.sleep(0.01)
    time.sleep(SLEEP)  # guilty: stream
    yield b"two\n"


@router.get("/rows")
async def stream_rows() -> StreamingResponse:
    """Answer with a generator."""
    return StreamingResponse(rows(), media_type="text/plain")


@router.post("/upload")
async def upload(request: Request) -> dict[str, int]:
    """Block for a part of the body that comes in."""
    size = 0
    async for part in request.stream():
        if part:
            time.sleep(SLEEP)  # guilty: request-stream
        size += len(part)
    return {"size": size}
