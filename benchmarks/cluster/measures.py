"""What is measured of one contender, in a process of its own."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from benchmarks.cluster.contenders import CONTENDERS, Call
from benchmarks.cluster.engines import WORKERS, Engines

__all__ = ["FULL", "QUICK", "SIZES", "Effort", "Sample", "measure"]

Sample = dict[str, float]

SIZES = (0, 1, 10, 100, 1000)  # milliseconds of a task
IN_FLIGHT = 16


@dataclass(frozen=True, slots=True)
class Effort:
    """How much one process measures of each size.

    Attributes:
        seconds: Of tasks, one after another, and as much again at once; for a task of 0 ms they count as 2 ms.
        least: Calls, however long they take.
        most: Calls, however short they are.
    """

    seconds: float
    least: int
    most: int

    def calls(self, size: int) -> int:
        """Return how many calls of a size."""
        return max(self.least, min(self.most, round(1000 * self.seconds / max(size, 2))))


FULL = Effort(seconds=2.0, least=4, most=800)
QUICK = Effort(seconds=0.2, least=2, most=60)


async def measure(name: str, engines: Engines, effort: Effort) -> Sample:
    """Measure a contender: by size, a call's median in µs, and how much of two processors the tasks get of a burst."""
    sample: Sample = {}
    async with CONTENDERS[name](engines) as call:
        await _warm_up(call)
        for size in SIZES:
            count = effort.calls(size)
            took = []
            for _ in range(count):
                began = time.perf_counter()
                assert await call(size) == size
                took.append((time.perf_counter() - began) * 1e6)
            sample[f"latency_us_{size}"] = sorted(took)[len(took) // 2]
            count = max(count, 2 * WORKERS)
            began = time.perf_counter()
            await _burst(call, size, count)
            seconds = time.perf_counter() - began
            sample[f"calls_per_s_{size}"] = count / seconds
            sample[f"share_{size}"] = count * size / 1000 / WORKERS / seconds
    return sample


async def _burst(call: Call, size: int, count: int) -> None:
    calls = iter(range(count))

    async def caller() -> None:
        for _ in calls:
            assert await call(size) == size

    await asyncio.gather(*(caller() for _ in range(IN_FLIGHT)))


async def _warm_up(call: Call) -> None:
    for _ in range(3):
        await _burst(call, 100, 4 * WORKERS)
    await _burst(call, 0, 100)
