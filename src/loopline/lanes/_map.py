"""map over a lane: bounded in flight, in the items' order, ended by the first error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from loopline._tracer import span_of
from loopline.errors import ConfigurationError
from loopline.fanout import Failed, as_completed
from loopline.lanes._callable import check_callable, check_result
from loopline.lanes.lane import Lane

__all__ = ["each", "map_over"]

T = TypeVar("T")
R = TypeVar("R")


async def map_over(
    lane: Lane, fn: Callable[[T], R], items: Iterable[T], *, limit: int, timeout: float | None, chunk: int
) -> list[R]:
    """Do what ``Lane.map`` promises, for any lane."""
    check_callable(fn)
    if chunk < 1:
        raise ConfigurationError(f"chunk must be at least 1, not {chunk}")
    now = lane.statistics()
    if limit > (room := now.size + now.max_queue):
        raise ConfigurationError(
            f"limit={limit} is more than lane {lane.name!r} can run and queue: write {room} or less"
        )

    async def call(part: Sequence[T]) -> list[R]:
        return await lane.run(each, fn, part, timeout=timeout)

    ended: dict[int, list[R]] = {}
    with span_of("map", fn, lane.name) as span:
        async with as_completed(call, _chunks(items, chunk), limit=limit) as outcomes:
            async for outcome in outcomes:
                if isinstance(outcome, Failed):
                    raise outcome.error
                ended[outcome.index] = outcome.value
        results = [result for index in range(len(ended)) for result in ended[index]]
        span.set("loopline.items", len(results))
    return results


def each(fn: Callable[[T], R], part: Sequence[T]) -> list[R]:
    """Call the function for some of the items, where the lane runs it."""
    results = []
    for item in part:
        result = fn(item)
        check_result(fn, result)
        results.append(result)
    return results


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part
