"""Endpoints that wait for long, as one should."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, WebSocket
from fastapi.responses import StreamingResponse

__all__ = ["router"]

router = APIRouter(prefix="/long")
PART = 0.05  # seconds
_lock = asyncio.Lock()


@router.get("/sleep")
async def sleep() -> dict[str, bool]:
    """Sleep."""
    await asyncio.sleep(8 * PART)
    return {"done": True}


@router.get("/event")
async def event() -> dict[str, bool]:
    """Await an event that comes late."""
    happened = asyncio.Event()
    asyncio.get_running_loop().call_later(16 * PART, happened.set)
    await happened.wait()
    return {"done": True}


@router.get("/queue")
async def queue() -> dict[str, int]:
    """Await what another task puts in a queue."""
    items: asyncio.Queue[int] = asyncio.Queue()

    async def put() -> None:
        await asyncio.sleep(4 * PART)
        items.put_nowait(1)

    async with asyncio.TaskGroup() as group:
        group.create_task(put())
        return {"got": await items.get()}


@router.get("/lock/{name}")
async def lock(name: str) -> dict[str, str]:
    """Await a lock that others want too."""
    async with _lock:
        await asyncio.sleep(PART)
    return {"name": name}


@router.get("/gather")
async def gather() -> dict[str, int]:
    """Await many at once."""
    await asyncio.gather(*(asyncio.sleep(PART) for _ in range(50)))
    return {"waited": 50}


@router.get("/stream")
async def stream() -> StreamingResponse:
    """Stream, and wait between parts."""

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(8):
            await asyncio.sleep(PART)
            yield b"part\n"

    return StreamingResponse(parts())


@router.websocket("/socket/{name}")
async def socket(socket: WebSocket, name: str) -> None:
    """Wait for messages."""
    await socket.accept()
    async for message in socket.iter_text():
        await asyncio.sleep(PART)
        await socket.send_text(message)
