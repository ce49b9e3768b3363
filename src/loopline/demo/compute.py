"""The CPU work of the reference service. It imports nothing of the application, so a worker process starts quickly."""

from __future__ import annotations

import hashlib

__all__ = ["digest"]

ROUNDS = 50_000


def digest(data: str) -> str:
    """Hash a text over and over: pure CPU work that holds the interpreter, a few hundredths of a second of it."""
    value = data.encode()
    for _ in range(ROUNDS):
        value = hashlib.sha256(value).digest()
    return value.hex()
