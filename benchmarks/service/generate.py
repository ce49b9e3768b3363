"""The load, from a process of its own: ``python -m benchmarks.service.generate``, which reads one Load as JSON."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Literal, TypeAlias

import httptools

from benchmarks.service.client import Pool
from benchmarks.service.routes import HEAVY, LIGHT, ROUTES
from benchmarks.service.schedule import arrivals

__all__ = ["Generated", "Load", "Outcome", "Shot", "closed_loop", "open_loop"]

Outcome: TypeAlias = Literal["ok", "partial", "refused", "failed", "timeout", "lost"]
NICE = -10  # before everything else, as clients on other machines would be; where the system allows it
PATIENCE = 30.0  # seconds for the first requests, which start worker processes


@dataclass(frozen=True, slots=True)
class Load:
    """What to send where.

    Attributes:
        port: Of the service.
        rates: Requests a second by route.
        warm_up: Seconds of the same load before what counts.
        seconds: How long the load that counts lasts.
        timeout: Seconds after which a request is given up.
        seed: Of the schedule.
        in_flight: Empty for an open loop: requests are sent when they are due, whatever becomes of those before. Else
            by route the number of requests under way, each followed by the next, whatever the rates: for capacity.
    """

    port: int
    rates: dict[str, float]
    warm_up: float
    seconds: float
    timeout: float
    seed: str = ""
    in_flight: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shot:
    """One request.

    Attributes:
        route: Its route.
        late: Seconds between when it was due and when the generator turned to it.
        took: Seconds from when it was due, not from when it was sent, to its end.
        outcome: ok; partial: 200, with errors inside; refused: 503; failed: any other status; timeout; lost: no
            connection, or it broke.
    """

    route: str
    late: float
    took: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Generated:
    """What came of a load.

    Attributes:
        shots: Every request that counts.
        cpu: Cores that the generator itself took.
        niceness: What it ran at.
    """

    shots: list[Shot]
    cpu: float
    niceness: int


async def open_loop(load: Load) -> list[Shot]:
    """Send each request when it is due."""
    pool, shots = Pool(load.port), list[Shot]()
    await _wake(pool)
    began = time.perf_counter() + load.warm_up

    async def shoot(due: float, name: str, number: int) -> None:
        late = time.perf_counter() - began - due
        outcome = await _outcome(pool, name, number, load.timeout - late)
        if due >= 0:
            shots.append(Shot(name, late, time.perf_counter() - began - due, outcome))

    async with asyncio.TaskGroup() as group:
        for number, (due, name) in enumerate(arrivals(load.rates, -load.warm_up, load.seconds, load.seed)):
            if (wait := due - (time.perf_counter() - began)) > 0:
                await asyncio.sleep(wait)
            group.create_task(shoot(due, name, number))
    pool.close()
    return shots


async def closed_loop(load: Load) -> list[Shot]:
    """Keep so many requests of each route under way, for as long as the load lasts."""
    pool, shots = Pool(load.port), list[Shot]()
    await _wake(pool)
    began = time.perf_counter() + load.warm_up

    async def keep_on(name: str) -> None:
        while (now := time.perf_counter() - began) < load.seconds:
            outcome = await _outcome(pool, name, 0, load.timeout)
            ended = time.perf_counter() - began
            if 0 <= ended < load.seconds:
                shots.append(Shot(name, 0.0, ended - now, outcome))

    async with asyncio.TaskGroup() as group:
        for name, count in load.in_flight.items():
            for _ in range(count):
                group.create_task(keep_on(name))
    pool.close()
    return shots


async def _wake(pool: Pool) -> None:
    """Ask every route twice at once: worker processes, threads and connections start before anything counts."""
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(pool.request(route.request(0)) for route in (*LIGHT, *HEAVY) * 2))


async def _outcome(pool: Pool, name: str, number: int, timeout: float) -> Outcome:
    try:
        async with asyncio.timeout(timeout):
            status, body = await pool.request(ROUTES[name].request(number))
    except TimeoutError:
        return "timeout"
    except (OSError, httptools.HttpParserError):
        return "lost"
    if status == 200:
        return "partial" if name == "/users/batch" and b'"errors":[]' not in body else "ok"
    return "refused" if status == 503 else "failed"


def main() -> None:
    """Read a load, and print what came of it."""
    load = Load(**json.loads(sys.stdin.read()))
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    began, cpu = time.perf_counter(), time.process_time()
    shots = asyncio.run(closed_loop(load) if load.in_flight else open_loop(load))
    used = (time.process_time() - cpu) / (time.perf_counter() - began)
    json.dump(asdict(Generated(shots, used, os.getpriority(os.PRIO_PROCESS, 0))), sys.stdout)


if __name__ == "__main__":
    main()
