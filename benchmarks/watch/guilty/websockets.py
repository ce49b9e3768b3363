"""A WebSocket."""

from __future__ import annotations

import time

from fastapi import APIRouter, WebSocket

from benchmarks.watch.sizes import SLEEP

__all__ = ["router"]

router = APIRouter(prefix="/sockets")


@router.websocket("/rooms/{room}")
async def room_socket(socket: WebSocket, room: str) -> None:
    """Block for a message."""
    await socket.accept()
    message = await socket.receive_text()
    time.sleep(SLEEP)  # guilty: websocket
    await socket.send_text(f"{room}: {message}")
    await socket.close()
