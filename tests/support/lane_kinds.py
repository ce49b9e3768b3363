"""Every lane there is, and what it states about itself."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Protocol

from ray_cluster import address_for_lanes

from loopline.lanes import ExecutorLane, Lane, ProcessLane, ThreadLane
from loopline.lanes.ray import RayLane

__all__ = ["KINDS", "Kind", "Make"]


class Make(Protocol):
    """Makes a lane of one kind."""

    def __call__(self, *, size: int = 2, max_queue: int = 10, timeout: float | None = None) -> Lane:
        """Return a lane that has not started."""
        ...


@dataclass(frozen=True)
class Kind:
    """A kind of lane.

    Attributes:
        name: What the tests call it.
        make: Makes one.
        in_this_process: Whether its functions run in this process, so that nothing is pickled.
        carries_context: Whether context variables come along, once they are named where that is needed.
        frees_place_on_abandon: Whether a call that is given up ends at once.
        streams: Whether a generator can be streamed from it.
        on_cluster: Whether it needs the Ray cluster.
    """

    name: str
    make: Make
    in_this_process: bool
    carries_context: bool
    frees_place_on_abandon: bool
    streams: bool = False
    on_cluster: bool = False


def _thread(*, size: int = 2, max_queue: int = 10, timeout: float | None = None) -> Lane:
    return ThreadLane("lane", size=size, max_queue=max_queue, timeout=timeout)


def _process(*, size: int = 2, max_queue: int = 10, timeout: float | None = None) -> Lane:
    return ProcessLane(
        size, name="lane", max_queue=max_queue, timeout=timeout, preload=["lane_work"], context=["lane_work:REQUEST_ID"]
    )


def _ray(*, size: int = 2, max_queue: int = 10, timeout: float | None = None) -> Lane:
    return RayLane(
        address_for_lanes(),
        name="lane",
        max_in_flight=size,
        max_queue=max_queue,
        timeout=timeout,
        context=["lane_work:REQUEST_ID"],
    )


def _executor(make: Callable[[int], ThreadPoolExecutor | ProcessPoolExecutor]) -> Make:
    def executor(*, size: int = 2, max_queue: int = 10, timeout: float | None = None) -> Lane:
        return ExecutorLane(lambda: make(size), size=size, name="lane", max_queue=max_queue, timeout=timeout)

    return executor


KINDS = [
    Kind("ThreadLane", _thread, in_this_process=True, carries_context=True, frees_place_on_abandon=False, streams=True),
    Kind(
        "ProcessLane",
        _process,
        in_this_process=False,
        carries_context=True,
        frees_place_on_abandon=True,
        streams=True,
    ),
    Kind(
        "RayLane",
        _ray,
        in_this_process=False,
        carries_context=True,
        frees_place_on_abandon=True,
        streams=True,
        on_cluster=True,
    ),
    Kind(
        "ExecutorLane of threads",
        _executor(ThreadPoolExecutor),
        in_this_process=True,
        carries_context=False,
        frees_place_on_abandon=False,
    ),
    Kind(
        "ExecutorLane of processes",
        _executor(lambda size: ProcessPoolExecutor(size, get_context("spawn"))),
        in_this_process=False,
        carries_context=False,
        frees_place_on_abandon=False,
    ),
]
