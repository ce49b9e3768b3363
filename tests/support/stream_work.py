"""Generators that the lanes run in their tests. Workers import it by its name."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

from lane_work import REQUEST_ID, OrderRefused, UnreadableResult


def count(number: int, *, start: int = 0) -> Iterator[int]:
    yield from range(start, start + number)


def sizes(lengths: list[int]) -> Iterator[bytes]:
    """Payloads of these lengths; their content tells which they are."""
    for index, length in enumerate(lengths):
        yield bytes([index % 251]) * length


def a_list(number: int) -> list[int]:
    return list(range(number))


def a_mapping(number: int) -> Iterable[str]:
    return map(str, range(number))


def nothing() -> Iterator[int]:
    return iter(())


def a_number() -> int:
    return 42


def refuse_after(number: int) -> Iterator[int]:
    yield from range(number)
    raise OrderRefused(number, "no lamps left")


def exit_after(number: int) -> Iterator[int]:
    yield from range(number)
    sys.exit(3)


def die_after(number: int) -> Iterator[int]:
    yield from range(number)
    os.kill(os.getpid(), signal.SIGKILL)


def endless(folder: str) -> Iterator[int]:
    """Say how far it is, and that it was closed."""
    number = 0
    try:
        while True:
            (Path(folder) / "made").write_text(str(number + 1))
            yield number
            number += 1
    finally:
        (Path(folder) / "closed").touch()


def fail_as_it_is_closed() -> Iterator[int]:
    try:
        while True:
            yield 1
    finally:
        raise OrderRefused(1, "can't be closed")


def stuck_after(number: int, folder: str) -> Iterator[int]:
    """Give some items, then none until it is told to end, or for a minute, which only guards a hang."""
    try:
        yield from range(number)
        (Path(folder) / "stuck").touch()
        deadline = time.monotonic() + 60
        while not (Path(folder) / "end").exists() and time.monotonic() < deadline:
            time.sleep(0.002)
        yield number
    finally:
        (Path(folder) / "closed").touch()


def told_by_the_context() -> Iterator[str]:
    while True:
        yield REQUEST_ID.get()


def processes() -> Iterator[int]:
    while True:
        yield os.getpid()


def unsendable() -> Iterator[object]:
    yield 1
    yield lambda: 1


def unreadable() -> Iterator[object]:
    yield 1
    yield UnreadableResult()
    yield 2


async def coroutine_function() -> int:
    return 1


async def async_generator_function() -> AsyncIterator[int]:
    await asyncio.sleep(0)
    yield 1


def returns_a_coroutine() -> object:
    return coroutine_function()
