"""The gate of a lane: places in the order of asking, a bounded queue, an honest Retry-After, numbers that add up."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopline import ConfigurationError, LaneClosed, LaneFull
from loopline.lanes._gate import Gate, Place

pytestmark = pytest.mark.anyio


@pytest.fixture
def gate() -> Gate:
    return Gate("lane", 1, 2, open=True)


async def turns() -> None:
    """Let every task that is ready take its turn."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_places_are_given_in_the_order_of_asking() -> None:
    gate = Gate("lane", 1, 5, open=True)
    first = await gate.enter()
    entered: list[int] = []

    async def enter(number: int) -> None:
        place = await gate.enter()
        entered.append(number)
        gate.leave(place, place.since)

    tasks = [asyncio.create_task(enter(number)) for number in range(5)]
    await turns()
    gate.leave(first, first.since)
    await asyncio.gather(*tasks)
    assert entered == [0, 1, 2, 3, 4]


async def test_a_place_that_comes_in_the_moment_of_a_cancellation_goes_to_the_next(gate: Gate) -> None:
    first = await gate.enter()
    second = asyncio.create_task(gate.enter())
    third = asyncio.create_task(gate.enter())
    await turns()
    gate.leave(first, first.since)
    second.cancel()
    await turns()
    assert second.cancelled()
    assert gate.statistics().running == 1
    gate.leave(third.result(), 0)
    assert gate.statistics().running == 0


async def test_a_place_is_not_given_to_a_caller_that_was_cancelled_and_is_not_awake_yet(gate: Gate) -> None:
    first = await gate.enter()
    second = asyncio.create_task(gate.enter())
    third = asyncio.create_task(gate.enter())
    await turns()
    second.cancel()
    gate.leave(first, first.since)
    await turns()
    assert second.cancelled()
    assert third.done()
    gate.leave(third.result(), 0)
    assert (gate.statistics().running, gate.statistics().waiting) == (0, 0)


async def test_a_queue_that_closes_in_the_moment_of_a_cancellation_leaves_nothing_behind(gate: Gate) -> None:
    first = await gate.enter()
    second = asyncio.create_task(gate.enter())
    await turns()
    gate.close()
    second.cancel()
    await turns()
    assert second.cancelled()
    gate.leave(first, first.since)
    await gate.drained()
    assert gate.statistics().waiting == 0


@pytest.mark.parametrize(("took", "size", "waiting", "seconds"), [(0.01, 1, 2, 1), (10.0, 1, 2, 30), (10.0, 4, 1, 5)])
async def test_retry_after_is_the_time_that_the_queue_will_take(
    took: float, size: int, waiting: int, seconds: int
) -> None:
    gate = Gate("lane", size, waiting, open=True)
    place = await gate.enter()
    gate.leave(place, place.since + took)
    places = [await gate.enter() for _ in range(size)]
    queue = [asyncio.create_task(gate.enter()) for _ in range(waiting)]
    await turns()
    with pytest.raises(LaneFull) as caught:
        await gate.enter()
    assert caught.value.retry_after == seconds
    assert caught.value.headers == {"Retry-After": str(seconds)}
    gate.close()
    await asyncio.gather(*queue, return_exceptions=True)
    for place in places:
        gate.leave(place, place.since)


async def test_newer_calls_count_more_in_retry_after_than_older_ones(gate: Gate) -> None:
    for took in [100.0] + [1.0] * 40:
        place = await gate.enter()
        gate.leave(place, place.since + took)
    await gate.enter()
    queue = [asyncio.create_task(gate.enter()) for _ in range(2)]
    await turns()
    with pytest.raises(LaneFull) as caught:
        await gate.enter()
    assert caught.value.retry_after < 10
    gate.close()
    await asyncio.gather(*queue, return_exceptions=True)


async def test_the_client_is_not_told_how_large_the_lane_is_but_the_log_is() -> None:
    gate = Gate("lane", 17, 0, open=True)
    for _ in range(17):
        await gate.enter()
    with pytest.raises(LaneFull) as caught:
        await gate.enter()
    assert caught.value.detail == "Lane 'lane' is full. Try again in 1 s."
    assert "size=17" in "".join(caught.value.__notes__)


async def test_those_in_line_when_the_lane_closes_count_as_failed(gate: Gate) -> None:
    place = await gate.enter()
    waiting = asyncio.create_task(gate.enter())
    await turns()
    gate.close()
    with pytest.raises(LaneClosed):
        await waiting
    gate.leave(place, place.since)
    assert gate.statistics().failed == 1


@pytest.mark.parametrize(("size", "max_queue"), [(0, 1), (-1, 1), (1, -1)])
def test_numbers_that_can_not_work_are_refused(size: int, max_queue: int) -> None:
    with pytest.raises(ConfigurationError, match=r"lane 'lane': (size|max_queue) must be at least"):
        Gate("lane", size, max_queue)


@given(
    size=st.integers(1, 3),
    max_queue=st.integers(0, 3),
    steps=st.lists(st.tuples(st.sampled_from(["ask", "leave", "abandon", "cancel", "turn"]), st.integers(0, 20))),
    closes=st.booleans(),
)
def test_whatever_happens_the_places_add_up(
    size: int, max_queue: int, steps: list[tuple[str, int]], closes: bool
) -> None:
    async def live() -> None:
        gate = Gate("lane", size, max_queue, open=True)
        asking: list[asyncio.Task[Place]] = []
        held: list[Place] = []

        def collect() -> None:
            for task in [task for task in asking if task.done()]:
                asking.remove(task)
                if not task.cancelled() and task.exception() is None:
                    held.append(task.result())

        def check() -> None:
            now = gate.statistics()
            assert 0 <= now.abandoned <= now.running <= size
            assert 0 <= now.waiting <= max_queue

        for step, number in steps:
            if step == "ask":
                asking.append(asyncio.create_task(gate.enter()))
            elif step == "leave" and held:
                gate.leave(held.pop(number % len(held)), 0)
            elif step == "abandon" and (owned := [place for place in held if not place.abandoned]):
                gate.abandon(owned[number % len(owned)])
            elif step == "cancel" and asking:
                asking[number % len(asking)].cancel()
            if step == "turn":
                await turns()
            collect()
            check()
        await turns()
        collect()
        assert gate.statistics().running == len(held)
        assert gate.statistics().waiting == len(asking)
        if closes:
            gate.close()
        while held:
            gate.leave(held.pop(), 0)
            await turns()
            collect()
        await asyncio.wait_for(gate.drained(), 30)
        assert (gate.statistics().running, gate.statistics().abandoned, gate.statistics().waiting) == (0, 0, 0)
        assert not asking

    asyncio.run(live())
