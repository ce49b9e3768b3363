"""Requests as bytes, and WebSockets."""

from __future__ import annotations

import asyncio

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

__all__ = ["LOST", "TIMEOUT", "converse", "request"]

TIMEOUT = 15.0  # seconds
LOST = 0  # in the place of a status: no answer


def request(method: str, path: str, body: bytes = b"") -> bytes:
    """Return a request as it is sent.

    Args:
        method: GET, POST, …
        path: Without the host.
        body: JSON.
    """
    head = f"{method} {path} HTTP/1.1\r\nhost: loopback\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


async def converse(port: int, path: str, messages: int = 1) -> int:
    """Send messages through a WebSocket and wait for an answer to each.

    Returns:
        200, or LOST.
    """
    try:
        # Not wait_for: on Python 3.11 it sometimes swallows a cancellation.
        async with asyncio.timeout(TIMEOUT), connect(f"ws://127.0.0.1:{port}{path}", proxy=None) as socket:
            for _ in range(messages):
                await socket.send("hello")
                await socket.recv()
    except (OSError, TimeoutError, WebSocketException):
        return LOST
    return 200
