"""The contenders, each with two workers, each called in the way that its own documentation shows."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
import loky
import pebble
from anyio import to_process

from benchmarks.lanes.tasks import NICE, be_nice, nap
from loopline import ProcessLane

__all__ = ["CONTENDERS", "WORKERS", "Call", "warm_up"]

Call = Callable[..., Awaitable[Any]]

WORKERS = 2
KEEP = 3600.0  # seconds that loky keeps an idle worker: longer than any run


@asynccontextmanager
async def process_lane(nice: bool) -> AsyncIterator[Call]:
    """Loopline's own; its workers are always nice."""
    async with ProcessLane(WORKERS, nice=NICE) as lane:
        yield lane.run


@asynccontextmanager
async def process_pool_executor(nice: bool) -> AsyncIterator[Call]:
    """The standard library's executor. It never forks the process that runs the loop, as by default since 3.14."""
    loop = asyncio.get_running_loop()
    executor = ProcessPoolExecutor(
        WORKERS, mp_context=multiprocessing.get_context("forkserver"), initializer=be_nice if nice else None
    )
    with executor:
        yield lambda fn, *args: loop.run_in_executor(executor, fn, *args)


@asynccontextmanager
async def loky_executor(nice: bool) -> AsyncIterator[Call]:
    """loky's reusable executor. When it is broken, a new one is got as its documentation says."""

    def get() -> Any:
        return loky.get_reusable_executor(WORKERS, timeout=KEEP, initializer=be_nice if nice else None)

    executor = get()

    def call(fn: Callable[..., Any], *args: Any) -> Awaitable[Any]:
        nonlocal executor
        try:
            future = executor.submit(fn, *args)
        except loky.BrokenProcessPool:
            executor = get()
            future = executor.submit(fn, *args)
        return asyncio.wrap_future(future)

    try:
        yield call
    finally:
        executor.shutdown(wait=True, kill_workers=True)


@asynccontextmanager
async def pebble_pool(nice: bool) -> AsyncIterator[Call]:
    """pebble's process pool."""
    pool = pebble.ProcessPool(
        WORKERS, context=multiprocessing.get_context("forkserver"), initializer=be_nice if nice else None
    )
    try:
        yield lambda fn, *args: asyncio.wrap_future(pool.submit(fn, None, *args))
    finally:
        pool.stop()
        pool.join()


@asynccontextmanager
async def anyio_to_process(nice: bool) -> AsyncIterator[Call]:
    """anyio's worker processes. They have no initializer, and end with the event loop."""
    limiter = anyio.CapacityLimiter(WORKERS)

    def call(fn: Callable[..., Any], *args: Any) -> Awaitable[Any]:
        return to_process.run_sync(fn, *args, limiter=limiter)

    if nice:
        await warm_up(call)
        await asyncio.gather(*(call(_nice_nap, 0.2) for _ in range(WORKERS)))
    yield call


def _nice_nap(seconds: float) -> int:
    be_nice()
    return nap(seconds)


CONTENDERS: dict[str, Callable[[bool], AbstractAsyncContextManager[Call]]] = {
    "ProcessLane": process_lane,
    "ProcessPoolExecutor": process_pool_executor,
    "loky": loky_executor,
    "pebble": pebble_pool,
    "anyio.to_process": anyio_to_process,
}


async def warm_up(call: Call) -> None:
    """Return when all the workers run."""
    async with asyncio.timeout(30):
        while len(set(await asyncio.gather(*(call(nap, 0.05) for _ in range(3 * WORKERS))))) < WORKERS:
            pass
