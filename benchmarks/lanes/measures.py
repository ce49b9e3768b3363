"""What is measured of one contender, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.lanes.contenders import CONTENDERS, WORKERS, Call, warm_up
from benchmarks.lanes.limit import ping_pong
from benchmarks.lanes.results import Sample
from benchmarks.lanes.tasks import NICE, burn, echo, nap, noop, priority

__all__ = ["FULL", "QUICK", "Effort", "measure", "measure_limit"]

IN_FLIGHT = 64
PAYLOAD = 10_000_000  # bytes
PENDING = 10  # calls when a worker is killed
TICK = 0.005  # seconds
BURN = 0.2  # seconds of one call that computes
NAP = 0.2  # seconds of one call that is pending when a worker is killed
PATIENCE = 10.0  # seconds until a call counts as hung, and until a pool counts as lost


@dataclass(frozen=True, slots=True)
class Effort:
    """How much one process measures.

    Attributes:
        calls: For the latency, one after another.
        burst: For the throughput.
        payloads: Of each kind.
        ticks: With load and without.
    """

    calls: int
    burst: int
    payloads: int
    ticks: int


FULL = Effort(calls=2000, burst=5000, payloads=8, ticks=600)
QUICK = Effort(calls=300, burst=1000, payloads=2, ticks=150)


async def measure(name: str, effort: Effort) -> Sample:
    """Measure a contender on the running loop: its speed as it comes, its manners with nice workers, its recovery."""
    make = CONTENDERS[name]
    sample: Sample = {}
    _summarise(sample, "unloaded", "ms", await _ticks(effort.ticks))
    async with make(False) as call:
        await _warm_up_speed(call, effort)
        await _latency(call, effort, sample)
        await _throughput(call, effort, sample)
        for kind, payload, same in _payloads():
            await _transfer(call, kind, payload, same, effort, sample)
    async with make(True) as call:
        await _under_load(call, effort, sample)
    async with make(False) as call:
        await _recovery(call, sample)
    return sample


async def _warm_up_speed(call: Call, effort: Effort) -> None:
    await warm_up(call)
    for _ in range(effort.calls // 4):
        await call(noop)
    for _, payload, _ in _payloads():
        for _ in range(2):
            await asyncio.gather(*(call(echo, payload) for _ in range(2 * WORKERS)))


async def _latency(call: Call, effort: Effort, sample: Sample) -> None:
    took = []
    for _ in range(effort.calls):
        began = time.perf_counter()
        result = await call(noop)
        took.append((time.perf_counter() - began) * 1e6)
        assert result is None
    _summarise(sample, "latency", "us", took)


async def _throughput(call: Call, effort: Effort, sample: Sample) -> None:
    calls = iter(range(effort.burst))

    async def caller() -> None:
        for number in calls:
            assert await call(echo, number) == number

    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(IN_FLIGHT)))
    took = time.perf_counter() - began
    sample["calls_per_s"] = effort.burst / took
    sample["parent_cpu_us"] = (time.process_time() - cpu) / effort.burst * 1e6


async def _transfer(
    call: Call, kind: str, payload: Any, same: Callable[[Any, Any], bool], effort: Effort, sample: Sample
) -> None:
    took = 0.0
    for _ in range(effort.payloads):
        began = time.perf_counter()
        result = await call(echo, payload)
        took += time.perf_counter() - began
        assert same(result, payload)
        del result
    sample[f"{kind}_mb_per_s"] = _both_ways(effort.payloads, took)


async def _under_load(call: Call, effort: Effort, sample: Sample) -> None:
    await warm_up(call)
    for pid, nice, policy in await asyncio.gather(*(call(priority, 0.1) for _ in range(WORKERS))):
        expected = (NICE, getattr(os, "SCHED_BATCH", 0))
        assert (nice, policy) == expected, f"worker {pid} runs at {(nice, policy)}, not {expected}"
    stop = False

    async def burner() -> float:
        got = 0.0
        while not stop:
            got += await call(burn, BURN)
        return got

    began = time.perf_counter()
    burners = [asyncio.ensure_future(burner()) for _ in range(WORKERS)]
    await asyncio.sleep(BURN)
    late = await _ticks(effort.ticks)
    stop = True
    got = sum(await asyncio.gather(*burners))
    sample["cores_burnt"] = got / (time.perf_counter() - began)
    _summarise(sample, "loaded", "ms", late)


async def _ticks(count: int) -> list[float]:
    late = []
    for _ in range(count):
        began = time.perf_counter()
        await asyncio.sleep(TICK)
        late.append((time.perf_counter() - began - TICK) * 1e3)
    return late


async def _recovery(call: Call, sample: Sample) -> None:
    await warm_up(call)
    with tempfile.TemporaryDirectory() as told:
        pending = [asyncio.ensure_future(call(nap, NAP, told)) for _ in range(PENDING)]
        async with asyncio.timeout(PATIENCE):
            while len(running := os.listdir(told)) < WORKERS:
                await asyncio.sleep(0.002)
        os.kill(int(running[0]), signal.SIGKILL)
        ended, hung = await asyncio.wait(pending, timeout=PATIENCE)
        failed = sum(call.cancelled() or call.exception() is not None for call in ended)
        sample |= {"killed_failed": failed, "killed_succeeded": len(ended) - failed, "killed_hung": len(hung)}
        for one in hung:
            one.cancel()
        attempts, sample["next_ms"], began = 0, None, time.perf_counter()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while sample["next_ms"] is None:
                    attempts += 1
                    try:
                        await call(noop)
                    except Exception:  # noqa: BLE001 - each pool has its own
                        await asyncio.sleep(0.002)
                    else:
                        sample["next_ms"] = (time.perf_counter() - began) * 1e3
        sample["next_works"] = float(attempts == 1 and sample["next_ms"] is not None)


def measure_limit(effort: Effort) -> Sample:
    """Measure the limit: one process, one call at a time, and so its throughput too."""
    sample: Sample = {}
    with ping_pong() as call:
        for _ in range(effort.calls // 4):
            call(noop)
        took = []
        for _ in range(effort.calls):
            began = time.perf_counter()
            call(noop)
            took.append((time.perf_counter() - began) * 1e6)
        _summarise(sample, "latency", "us", took)
        cpu, began = time.process_time(), time.perf_counter()
        for number in range(effort.burst):
            assert call(echo, number) == number
        sample["calls_per_s"] = effort.burst / (time.perf_counter() - began)
        sample["parent_cpu_us"] = (time.process_time() - cpu) / effort.burst * 1e6
        for kind, payload, same in _payloads():
            assert same(call(echo, payload), payload)
            took_all = 0.0
            for _ in range(effort.payloads):
                began = time.perf_counter()
                result = call(echo, payload)
                took_all += time.perf_counter() - began
                assert same(result, payload)
                del result
            sample[f"{kind}_mb_per_s"] = _both_ways(effort.payloads, took_all)
    return sample


def _payloads() -> Iterator[tuple[str, Any, Callable[[Any, Any], bool]]]:
    content = os.urandom(PAYLOAD)
    yield "bytes", content, lambda one, other: type(one) is bytes and one == other
    yield "numpy", np.frombuffer(content, dtype=np.float64), lambda one, other: one.tobytes() == other.tobytes()


def _both_ways(count: int, seconds: float) -> float:
    return 2 * PAYLOAD / 1e6 * count / seconds


def _summarise(sample: Sample, what: str, unit: str, values: list[float]) -> None:
    values = sorted(values)
    for percent in (50, 99):
        sample[f"{what}_p{percent}_{unit}"] = values[len(values) * percent // 100]
