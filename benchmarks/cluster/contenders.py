"""The contenders, each with two processors, each called from an event loop as its own documentation shows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from benchmarks.cluster.engines import WORKERS, Engines
from benchmarks.cluster.tasks import work
from loopline import ProcessLane, RayLane

__all__ = ["BY_HAND", "CONTENDERS", "OURS", "Call"]

Call = Callable[[float], Awaitable[float]]

OURS, BY_HAND = "RayLane", "Ray by hand"


@asynccontextmanager
async def process_lane(engines: Engines) -> AsyncIterator[Call]:
    """No cluster: two processes of this machine."""
    async with ProcessLane(WORKERS) as lane:
        yield lambda size: lane.run(work, size)


@asynccontextmanager
async def ray_lane(engines: Engines) -> AsyncIterator[Call]:
    """Loopline's own."""
    async with RayLane(engines.ray) as lane:
        yield lambda size: lane.run(work, size)


@asynccontextmanager
async def ray_lane_client(engines: Engines) -> AsyncIterator[Call]:
    """The same over Ray Client."""
    async with RayLane(engines.ray_client) as lane:
        yield lambda size: lane.run(work, size)


@asynccontextmanager
async def ray_by_hand(engines: Engines) -> AsyncIterator[Call]:
    """A remote function, its reference awaited."""
    import ray

    ray.init(engines.ray, log_to_driver=False)
    remote: Any = ray.remote(work)

    async def call(size: float) -> float:
        result: float = await remote.remote(size)
        return result

    try:
        yield call
    finally:
        ray.shutdown()


@asynccontextmanager
async def dask(engines: Engines) -> AsyncIterator[Call]:
    """An asynchronous client. ``pure=False``: or it would give one result to all equal calls."""
    from distributed import Client

    async with Client(engines.dask, asynchronous=True) as client:

        async def call(size: float) -> float:
            result: float = await client.submit(work, size, pure=False)
            return result

        yield call


CONTENDERS: dict[str, Callable[[Engines], AbstractAsyncContextManager[Call]]] = {
    "ProcessLane": process_lane,
    OURS: ray_lane,
    BY_HAND: ray_by_hand,
    "RayLane, ray://": ray_lane_client,
    "Dask": dask,
}
