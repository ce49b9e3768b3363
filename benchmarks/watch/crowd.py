"""The innocents: some are always in flight, each on a connection of its own."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httptools

from benchmarks.service.client import Pool
from benchmarks.watch.expected import CALM
from benchmarks.watch.http import LOST, TIMEOUT, converse, request

__all__ = ["INNOCENTS", "IN_FLIGHT", "crowd"]

IN_FLIGHT = 10
SOCKET = "WEBSOCKET"
ORDER = b'{"number":1,"items":["a","b"]}'

INNOCENTS = (
    ("GET", "/short/ping", b""),
    ("GET", "/short/orders/7", b""),
    ("POST", "/short/orders", ORDER),
    ("POST", "/short/echo", b"x" * 100_000),
    ("GET", "/short/plain", b""),
    ("GET", "/long/sleep", b""),
    ("GET", "/long/event", b""),
    ("GET", "/long/queue", b""),
    ("GET", "/long/lock/door", b""),
    ("GET", "/long/lock/gate", b""),
    ("GET", "/long/gather", b""),
    ("GET", "/long/stream", b""),
    (SOCKET, "/long/socket/north", b""),
    (SOCKET, "/long/socket/south", b""),
    ("GET", "/outside/def", b""),
    ("GET", "/outside/hash", b""),
    ("GET", "/outside/to-thread", b""),
    ("GET", "/outside/anyio", b""),
    ("GET", "/outside/process", b""),
    ("GET", "/outside/program", b""),
    ("GET", "/outside/upstream", b""),
    ("GET", "/outside/file", b""),
    ("GET", "/around/def-dependency", b""),
    ("GET", "/around/yield-dependency", b""),
    ("POST", "/around/background", b""),
    ("POST", "/around/async-background", b""),
    ("GET", "/around/task", b""),
)


@asynccontextmanager
async def crowd(port: int, seed: str) -> AsyncIterator[Counter[str]]:
    """Keep innocents in flight.

    Args:
        port: Of the server.
        seed: Of their order.

    Yields:
        How many of each were not answered with 200, and how many were ("answered").
    """
    pool, came = Pool(port), Counter[str]()
    everyone = list(INNOCENTS)
    random.Random(seed).shuffle(everyone)

    async def keep_asking(mine: list[tuple[str, str, bytes]]) -> None:
        while True:
            for method, path, body in mine:
                status = await _ask(pool, port, method, CALM + path, body)
                came["answered" if status == 200 else f"{method} {CALM}{path}: {status or 'no answer'}"] += 1
                await asyncio.sleep(0.02)  # without it the short ones would take all of the server

    tasks = [asyncio.create_task(keep_asking(everyone[place::IN_FLIGHT])) for place in range(IN_FLIGHT)]
    try:
        yield came
    finally:
        pending = set(tasks)
        while pending:  # what a task calls may swallow one cancellation
            for task in pending:
                task.cancel()
            done, pending = await asyncio.wait(pending, timeout=1)
            for task in done:
                if not task.cancelled():
                    task.result()  # it has failed, and was missing since
        pool.close()


async def _ask(pool: Pool, port: int, method: str, path: str, body: bytes) -> int:
    if method == SOCKET:
        return await converse(port, path, messages=6)
    for _ in range(2):  # again, as clients do: uvicorn closes a kept connection when an endpoint has failed
        try:
            async with asyncio.timeout(TIMEOUT):
                return (await pool.request(request(method, path, body)))[0]
        except TimeoutError:
            return LOST
        except (OSError, httptools.HttpParserError):
            continue
    return LOST
