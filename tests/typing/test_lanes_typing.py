"""What mypy --strict makes of the lanes: this file is checked, and run once so that it stays true."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, assert_type

import pytest
from fastapi import Depends

from loopline import ExecutorLane, Lane, LaneStatistics, ProcessLane, ThreadLane
from loopline.lanes import Stream

pytestmark = pytest.mark.anyio


def price(pieces: int, each: float = 0.5) -> float:
    return pieces * each


def text(price: float, /, *, currency: str) -> str:
    return f"{price} {currency}"


async def test_a_call_has_the_functions_own_types() -> None:
    async with ThreadLane("lane", size=1) as lane:
        assert_type(lane, ThreadLane)
        assert_type(await lane.run(price, 2, 0.5), float)
        assert_type(await lane.run(functools.partial(text, currency="EUR"), 1.0, timeout=30), str)
        assert_type(await lane.run(list[int]), list[int])


async def test_arguments_that_do_not_fit_are_errors() -> None:
    async with ThreadLane("lane", size=1) as lane:
        with pytest.raises(TypeError):
            await lane.run(price, "two", 0.5)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            await lane.run(text, 1.0)  # type: ignore[arg-type]


async def test_a_map_has_the_functions_own_types() -> None:
    async with ExecutorLane(lambda: ThreadPoolExecutor(1), size=1) as lane:
        assert_type(lane, ExecutorLane)
        assert_type(await lane.map(str, [1, 2]), list[str])
        assert_type(await lane.map(price, iter([1, 2]), limit=1, chunk=2, timeout=30), list[float])


def prices(pieces: int) -> Iterator[float]:
    yield from map(float, range(pieces))


async def test_a_stream_has_the_types_of_the_generators_items() -> None:
    async with ThreadLane("lane", size=1) as lane:
        async with lane.stream(prices, 2, timeout=30) as items:
            assert_type(items, Stream[float])
            assert_type(await anext(items), float)
        async for item in lane.stream(functools.partial(prices, 2)):
            assert_type(item, float)
        with pytest.raises(TypeError):
            await anext(lane.stream(prices, "two"))  # type: ignore[arg-type]


async def test_an_offloaded_function_has_the_same_parameters() -> None:
    lane = ThreadLane("lane", size=1)

    @lane.offload
    def total(pieces: int, *, each: float = 0.5) -> float:
        return pieces * each

    assert_type(await_later(total), Callable[[int], Coroutine[Any, Any, float]])
    async with lane:
        assert_type(await total(2), float)
        assert_type(await total(pieces=2, each=1.0), float)
        with pytest.raises(TypeError):
            await total("two", piece=2)  # type: ignore[call-arg, arg-type]


def await_later(fn: Callable[[int], Coroutine[Any, Any, float]]) -> Callable[[int], Coroutine[Any, Any, float]]:
    return fn


def test_every_lane_is_a_lane() -> None:
    lanes: list[Lane] = [
        ThreadLane("lane"),
        ExecutorLane(lambda: ThreadPoolExecutor(1), size=1),
        ProcessLane(1),
    ]
    for lane in lanes:
        assert_type(lane.statistics(), LaneStatistics)


legacy = ThreadLane("legacy")


@legacy.offload
def user(token: str) -> str:
    return token


async def test_an_offloaded_dependency_is_typed_as_any_other() -> None:
    async def endpoint(name: Annotated[str, Depends(user)]) -> int:
        return len(name)

    assert_type(await endpoint("me"), int)
