"""What the guilty compute with. It is made before they are called: making it would block at another line."""

from __future__ import annotations

import random
from typing import Any

__all__ = ["BACKTRACKS", "documents", "graph", "numbers", "spin", "text"]

BACKTRACKS = r"^(a+)+$"


def spin(turns: int) -> int:
    """Compute in Python."""
    total = 0
    for turn in range(turns):  # guilty: python-loop validator serialiser task-flood first-import
        total += turn * turn  # guilty: python-loop validator serialiser task-flood first-import
    return total


def numbers(count: int) -> list[float]:
    """Return numbers in disorder."""
    source = random.Random(1)
    return [source.random() for _ in range(count)]


def documents(count: int) -> list[dict[str, Any]]:
    """Return what an endpoint might answer."""
    return [{"number": number, "name": f"item {number}", "tags": ["new", "blue"]} for number in range(count)]


def text(megabytes: int) -> bytes:
    """Return bytes that compress somewhat."""
    source = random.Random(2)
    line = " ".join(str(source.randrange(10_000)) for _ in range(4_000)).encode()
    return (line * (megabytes * 1_000_000 // len(line) + 1))[: megabytes * 1_000_000]


def graph(objects: int) -> list[list[object]]:
    """Return objects that the collector has to visit."""
    return [[] for _ in range(objects)]
