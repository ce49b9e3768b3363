"""What PostgreSQL does without a job queue: transactions that write one row, so many at once."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

import asyncpg
import uvloop

__all__ = ["measure_commits"]


def measure_commits(url: str, clients: int, seconds: float) -> dict[str, float]:
    """Count what is committed in a time.

    Args:
        url: An empty database.
        clients: Connections, each of which commits one transaction after the other.
        seconds: How long.
    """
    return uvloop.run(_commit(url, clients, seconds))


async def _commit(url: str, clients: int, seconds: float) -> dict[str, float]:
    async with AsyncExitStack() as stack:
        connections = []
        for _ in range(clients):
            connections.append(connection := await asyncpg.connect(url))
            stack.push_async_callback(connection.close)
        await connections[0].execute("CREATE TABLE rows (id BIGINT GENERATED ALWAYS AS IDENTITY, note TEXT)")
        end = (began := time.perf_counter()) + seconds

        async def client(connection: asyncpg.Connection) -> int:
            done = 0
            while time.perf_counter() < end:
                await connection.execute("INSERT INTO rows (note) VALUES ($1)", "one row")
                done += 1
            return done

        done = await asyncio.gather(*map(client, connections))
        return {"commits_per_s": sum(done) / (time.perf_counter() - began)}
