"""What a stream does in every lane that has streams, and what is said by those that have none."""

from __future__ import annotations

import asyncio
import functools
import gc
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lane_kinds import KINDS, Kind
from lane_work import REQUEST_ID, OrderRefused, add
from stream_work import (
    a_list,
    a_mapping,
    a_number,
    async_generator_function,
    coroutine_function,
    count,
    endless,
    exit_after,
    fail_as_it_is_closed,
    nothing,
    processes,
    refuse_after,
    returns_a_coroutine,
    sizes,
    stuck_after,
    told_by_the_context,
)
from waiting import until

from loopline import ConfigurationError, LaneClosed, LaneFull, LaneTimeout, WorkerLost
from loopline.lanes import Lane, stream
from loopline.lanes._wire import AHEAD, INLINE

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[kind for kind in KINDS if kind.streams], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture
async def lane(kind: Kind) -> AsyncIterator[Lane]:
    """A lane of two places and a queue of ten, which still serves after the test."""
    async with kind.make() as lane:
        yield lane
        assert await lane.run(add, 1, 1) == 2


@pytest.fixture
def closes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no patience with a generator that does not close."""
    monkeypatch.setattr(stream, "CLOSES_IN", 0.01)


async def test_the_items_arrive_in_order_and_then_it_ends(lane: Lane) -> None:
    async with lane.stream(count, 100) as items:
        assert [item async for item in items] == list(range(100))
        assert [item async for item in items] == [], "there is one pass over them"


async def test_the_generator_runs_in_the_lane(lane: Lane, kind: Kind) -> None:
    async with lane.stream(processes) as items:
        assert (await anext(items) == os.getpid()) is kind.in_this_process


@pytest.mark.parametrize(
    ("fn", "items"),
    [
        (functools.partial(count, 3, start=7), [7, 8, 9]),
        (functools.partial(a_list, 3), [0, 1, 2]),
        (functools.partial(a_mapping, 2), ["0", "1"]),
        (nothing, []),
    ],
)
async def test_whatever_can_be_iterated_can_be_streamed(lane: Lane, fn: Any, items: list[object]) -> None:
    async with lane.stream(fn) as stream:
        assert [item async for item in stream] == items


async def test_a_stream_can_be_iterated_without_a_block(lane: Lane) -> None:
    assert [item async for item in lane.stream(count, 5)] == [0, 1, 2, 3, 4]
    assert lane.statistics().completed == 1


async def test_an_error_of_the_generator_arrives_unchanged_after_the_items_before_it(lane: Lane) -> None:
    got = []
    with pytest.raises(OrderRefused) as caught:
        async with lane.stream(refuse_after, 3) as items:
            while True:
                got.append(await anext(items))
    assert got == [0, 1, 2]
    assert (caught.value.order, caught.value.reason) == (3, "no lamps left")
    assert lane.statistics().failed == 1


async def test_a_generator_that_would_end_the_program_ends_only_its_stream(lane: Lane) -> None:
    async with lane.stream(exit_after, 1) as items:
        assert await anext(items) == 0
        with pytest.raises(WorkerLost, match=r"exit_after raised SystemExit: .*3"):
            await anext(items)


async def test_the_generator_waits_for_a_consumer_that_is_slower(lane: Lane, tmp_path: Path) -> None:
    def have_been_made(number: int) -> bool:
        return (tmp_path / "made").read_text() == str(number)

    async with lane.stream(endless, str(tmp_path)) as items:
        for taken in range(1, 4 * AHEAD):
            assert await anext(items) == taken - 1
            # One more than that is made, and waits to be sent.
            await until(functools.partial(have_been_made, taken + AHEAD + 1))


async def test_leaving_the_block_closes_the_generator(lane: Lane, tmp_path: Path) -> None:
    async with lane.stream(endless, str(tmp_path)) as items:
        async for item in items:
            if item == 40:
                break
    assert (tmp_path / "closed").exists()
    assert (lane.statistics().running, lane.statistics().completed) == (0, 1)
    assert [item async for item in items] == []


async def test_leaving_the_block_before_the_first_item_closes_the_generator_too(lane: Lane, tmp_path: Path) -> None:
    async with lane.stream(endless, str(tmp_path)):
        await until((tmp_path / "made").exists)
    assert (tmp_path / "closed").exists()


async def test_leaving_a_loop_without_a_block_closes_the_generator_soon(lane: Lane, tmp_path: Path) -> None:
    async for item in lane.stream(endless, str(tmp_path)):
        if item == 3:
            break
    gc.collect()
    await until((tmp_path / "closed").exists)
    await until(lambda: lane.statistics().running == 0)
    assert lane.statistics().completed == 1


async def test_an_error_in_the_block_passes_and_closes_the_generator(lane: Lane, tmp_path: Path) -> None:
    with pytest.raises(LookupError):
        async with lane.stream(endless, str(tmp_path)) as items:
            await anext(items)
            raise LookupError
    assert (tmp_path / "closed").exists()


async def test_an_error_of_closing_is_raised_by_who_leaves(lane: Lane) -> None:
    with pytest.raises(OrderRefused, match="can't be closed"):
        async with lane.stream(fail_as_it_is_closed) as items:
            await anext(items)


@pytest.mark.usefixtures("closes_at_once")
async def test_a_cancelled_consumer_goes_at_once_and_its_generator_ends(lane: Lane, kind: Kind, tmp_path: Path) -> None:
    async def consume() -> None:
        async with lane.stream(stuck_after, 2, str(tmp_path)) as items:
            async for _ in items:
                pass

    consumer = asyncio.create_task(consume())
    await until((tmp_path / "stuck").exists)
    consumer.cancel()
    await asyncio.wait({consumer}, timeout=30)
    assert consumer.cancelled()
    assert lane.statistics().cancelled == 1
    if kind.frees_place_on_abandon:
        await until(lambda: lane.statistics().running == 0)
        assert not (tmp_path / "closed").exists(), "its process was killed"
    else:
        await until(lambda: lane.statistics().abandoned == 1)
    (tmp_path / "end").touch()
    await until(lambda: lane.statistics().running == 0)
    assert lane.statistics().abandoned == 0


async def test_a_cancelled_consumer_of_a_willing_generator_has_it_closed(lane: Lane, tmp_path: Path) -> None:
    async def consume() -> None:
        async with lane.stream(endless, str(tmp_path)) as items:
            async for _ in items:
                pass

    consumer = asyncio.create_task(consume())
    await until((tmp_path / "made").exists)
    consumer.cancel()
    await asyncio.wait({consumer}, timeout=30)
    assert consumer.cancelled()
    await until((tmp_path / "closed").exists)
    await until(lambda: lane.statistics().running == 0)


async def test_an_item_that_is_late_ends_the_stream(lane: Lane, kind: Kind, tmp_path: Path) -> None:
    with pytest.raises(LaneTimeout, match=r"next item .* did not come within 0\.05 s"):
        async for _ in lane.stream(stuck_after, 0, str(tmp_path), timeout=0.05):
            pass
    assert lane.statistics().timed_out == 1
    assert lane.statistics().running == (0 if kind.frees_place_on_abandon else 1)
    (tmp_path / "end").touch()
    await until(lambda: lane.statistics().running == 0)


@pytest.mark.usefixtures("closes_at_once")
async def test_leaving_does_not_wait_for_a_generator_that_does_not_close(
    lane: Lane, kind: Kind, tmp_path: Path
) -> None:
    with anyio.fail_after(120):
        async with lane.stream(stuck_after, 1, str(tmp_path)) as items:
            assert await anext(items) == 0
            await until((tmp_path / "stuck").exists)
    assert lane.statistics().running == (0 if kind.frees_place_on_abandon else 1)
    (tmp_path / "end").touch()
    await until(lambda: lane.statistics().running == 0)


async def test_a_stream_holds_a_place_and_waits_for_one(kind: Kind, tmp_path: Path) -> None:
    async with kind.make(size=1, max_queue=1) as lane:
        async with lane.stream(endless, str(tmp_path)) as first:
            assert await anext(first) == 0
            async with lane.stream(count, 2) as second:
                assert (lane.statistics().running, lane.statistics().waiting) == (1, 1)
                with pytest.raises(LaneFull):
                    async with lane.stream(count, 2):
                        pass
                await first.aclose()
                assert [item async for item in second] == [0, 1]
        assert await lane.run(add, 1, 1) == 2


async def test_a_stream_that_is_left_while_it_waits_never_begins(kind: Kind, tmp_path: Path) -> None:
    async with kind.make(size=1) as lane:
        async with lane.stream(count, 100) as first:
            await anext(first)
            async with lane.stream(endless, str(tmp_path)):
                assert lane.statistics().waiting == 1
            assert lane.statistics().waiting == 0
        assert await lane.run(add, 1, 1) == 2
        assert not (tmp_path / "made").exists()


async def test_a_lane_that_is_not_open_refuses(kind: Kind) -> None:
    lane = kind.make()
    with pytest.raises(LaneClosed):
        await anext(lane.stream(count, 1))
    async with lane:
        pass
    with pytest.raises(LaneClosed):
        async with lane.stream(count, 1):
            pass


async def test_a_lane_that_closes_waits_for_the_stream_and_refuses_those_in_line(kind: Kind) -> None:
    lane = kind.make(size=1)
    await lane.__aenter__()
    async with lane.stream(count, 100) as runs, lane.stream(count, 1) as waits:
        await anext(runs)
        closing = asyncio.create_task(lane.aclose())
        with pytest.raises(LaneClosed):
            await anext(waits)
        assert [item async for item in runs] == list(range(1, 100))
    await asyncio.wait_for(closing, 30)


@pytest.mark.parametrize(
    ("fn", "advice"),
    [
        (coroutine_function, "coroutine_function is an async function"),
        (async_generator_function, "async_generator_function is an async function"),
        (42, "can't be called"),
    ],
)
async def test_what_would_not_run_in_the_lane_is_refused_at_once(lane: Lane, fn: Any, advice: str) -> None:
    with pytest.raises(ConfigurationError, match=advice):
        lane.stream(fn)


@pytest.mark.parametrize(("fn", "what"), [(a_number, "int"), (returns_a_coroutine, "coroutine")])
async def test_a_function_that_returns_nothing_to_iterate_over_is_told(lane: Lane, fn: Any, what: str) -> None:
    with pytest.raises(ConfigurationError, match=f"returned a {what}: give stream.. a generator function"):
        await anext(lane.stream(fn))


async def test_a_generator_given_to_run_is_told_of_stream(lane: Lane) -> None:
    with pytest.raises(ConfigurationError, match=r"count is a generator function.*stream\(\)"):
        await lane.run(count, 3)


async def test_two_tasks_can_not_take_from_one_stream_at_once(lane: Lane, tmp_path: Path) -> None:
    async with lane.stream(stuck_after, 0, str(tmp_path)) as items:
        waiting = asyncio.create_task(anext(items))
        await until((tmp_path / "stuck").exists)
        with pytest.raises(RuntimeError, match="two tasks"):
            await anext(items)
        (tmp_path / "end").touch()
        assert await waiting == 0


async def test_context_variables_come_along(lane: Lane) -> None:
    token = REQUEST_ID.set("4711")
    async with lane.stream(told_by_the_context) as items:
        REQUEST_ID.reset(token)
        assert [await anext(items), await anext(items)] == ["4711", "4711"]


async def test_context_variables_are_those_of_the_stream_that_waited_not_of_the_call_that_made_way(kind: Kind) -> None:
    async with kind.make(size=1) as lane, lane.stream(count, 1) as first:
        await anext(first)
        token = REQUEST_ID.set("waits")
        async with lane.stream(told_by_the_context) as items:
            REQUEST_ID.reset(token)
            await first.aclose()
            assert await anext(items) == "waits"


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(lengths=st.lists(st.sampled_from([0, 1, 100, INLINE - 200, INLINE, INLINE + 1, 3 * INLINE]), max_size=40))
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.streams], ids=lambda kind: kind.name)
def test_items_of_all_sizes_arrive_whole(kind: Kind, lengths: list[int]) -> None:
    async def consume() -> list[bytes]:
        async with kind.make(size=1) as lane, lane.stream(sizes, lengths) as items:
            return [item async for item in items]

    assert asyncio.run(consume()) == [bytes([index % 251]) * length for index, length in enumerate(lengths)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.streams], ids=lambda kind: kind.name)
async def test_a_lane_that_can_not_stream_says_so_and_what_to_use(kind: Kind) -> None:
    async with kind.make() as lane:
        with pytest.raises(ConfigurationError, match="ProcessLane or a ThreadLane"):
            lane.stream(count, 3)
