"""What every lane does, whatever it runs on. What a kind can't do, it states, and that is tested too."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest
from fastapi import Depends, FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lane_kinds import KINDS, Kind
from lane_work import (
    REQUEST_ID,
    AsyncCallable,
    OrderRefused,
    add,
    coroutine_function,
    double,
    exit_with,
    generator_function,
    hold,
    interrupt,
    nap,
    process_id,
    refuse,
    refuse_odd,
    request_id,
    returns_a_coroutine,
    returns_a_generator,
    stop_iteration,
    thread_name,
    time_out,
)
from waiting import until, wait_until

from loopline import ConfigurationError, LaneClosed, LaneFull, LaneTimeout, WorkerLost, lifespan
from loopline.lanes import Lane
from loopline.testing import client

pytestmark = pytest.mark.anyio


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture
async def lane(kind: Kind) -> AsyncIterator[Lane]:
    """A lane of two places and a queue of ten."""
    async with kind.make() as lane:
        if kind.on_cluster:  # a worker process may not be there yet, and takes as long to start as it likes
            await lane.run(add, 1, 1)
        yield lane


class Held:
    """Calls that run until they are told to end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tasks: dict[str, asyncio.Task[str]] = {}

    def start(self, lane: Lane, name: str, timeout: float | None = None) -> asyncio.Task[str]:
        self.tasks[name] = asyncio.create_task(lane.run(hold, str(self.folder), name, timeout=timeout))
        return self.tasks[name]

    async def runs(self, name: str) -> None:
        await until((self.folder / f"{name}.runs").exists)

    def ran(self, name: str) -> bool:
        return (self.folder / f"{name}.runs").exists()

    def end(self, *names: str) -> None:
        for name in names:
            (self.folder / f"{name}.end").touch()


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    calls = Held(tmp_path)
    yield calls
    calls.end(*calls.tasks)


async def test_a_call_returns_what_the_function_returns(lane: Lane) -> None:
    assert await lane.run(add, 2, 3) == 5


async def test_keyword_arguments_come_through_a_partial(lane: Lane) -> None:
    assert await lane.run(functools.partial(add, scale=10), 2, 3) == 50


async def test_a_function_runs_off_the_event_loop(lane: Lane, kind: Kind) -> None:
    assert (await lane.run(process_id) == os.getpid()) is kind.in_this_process
    if kind.in_this_process:
        assert await lane.run(thread_name) != threading.current_thread().name


async def test_an_error_of_the_function_arrives_unchanged_and_tells_where_it_arose(lane: Lane, kind: Kind) -> None:
    with pytest.raises(OrderRefused) as caught:
        await lane.run(refuse, 7)
    error = caught.value
    assert (error.order, error.reason, error.args) == (7, "no lamps left", (7, "no lamps left"))
    if kind.in_this_process:
        frames = inspect.getinnerframes(error.__traceback__) if error.__traceback__ else []
        assert "refuse" in [frame.function for frame in frames]
    else:
        assert "in refuse" in "".join(error.__notes__)


async def test_a_timeout_of_the_functions_own_is_not_the_lanes(lane: Lane) -> None:
    with pytest.raises(TimeoutError, match="the function's own") as caught:
        await lane.run(time_out, timeout=60)
    assert not isinstance(caught.value, LaneTimeout)


@pytest.mark.parametrize(
    ("fn", "told"), [(functools.partial(exit_with, 3), "SystemExit: .*3"), (interrupt, "KeyboardInterrupt")]
)
async def test_a_function_that_would_end_the_program_ends_only_its_call(lane: Lane, fn: Any, told: str) -> None:
    with pytest.raises(WorkerLost, match=told):
        await lane.run(fn)
    assert await lane.run(add, 1, 1) == 2


async def test_a_stop_iteration_is_an_error_and_no_hang(lane: Lane) -> None:
    with anyio.fail_after(120), pytest.raises(RuntimeError, match="StopIteration"):
        await lane.run(stop_iteration)


@pytest.mark.parametrize(
    ("fn", "advice"),
    [
        (coroutine_function, "await it on the event loop"),
        (functools.partial(coroutine_function), "await it on the event loop"),
        (AsyncCallable(), "await it on the event loop"),
        (generator_function, "returns a list"),
        (42, "can't be called"),
    ],
)
async def test_what_would_not_run_in_the_lane_is_refused_at_the_call(lane: Lane, fn: Any, advice: str) -> None:
    with pytest.raises(ConfigurationError, match=advice):
        await lane.run(fn)
    assert lane.statistics().failed == 0


@pytest.mark.parametrize(("fn", "what"), [(returns_a_coroutine, "coroutine"), (returns_a_generator, "generator")])
async def test_a_result_whose_work_is_still_to_be_done_is_refused(lane: Lane, fn: Any, what: str) -> None:
    with pytest.raises(ConfigurationError, match=f"returned a {what}"):
        await lane.run(fn)


async def test_context_variables_come_along_where_the_lane_says_so(lane: Lane, kind: Kind) -> None:
    token = REQUEST_ID.set("4711")
    assert await lane.run(request_id) == ("4711" if kind.carries_context else "unset")
    REQUEST_ID.reset(token)


async def test_no_more_run_than_there_are_places_and_the_others_wait_in_line(lane: Lane, held: Held) -> None:
    for name in "abcd":
        held.start(lane, name)
        await asyncio.sleep(0)
    await held.runs("a")
    await held.runs("b")
    assert (lane.statistics().running, lane.statistics().waiting) == (2, 2)
    held.end("a")
    await held.runs("c")
    assert not held.ran("d")
    held.end("b", "c", "d")
    assert await asyncio.gather(*held.tasks.values()) == ["a", "b", "c", "d"]


async def test_one_too_many_is_refused_at_once(kind: Kind, held: Held) -> None:
    async with kind.make(size=1, max_queue=1) as lane:
        held.start(lane, "runs")
        await held.runs("runs")
        held.start(lane, "waits")
        await until(lambda: lane.statistics().waiting == 1)
        with pytest.raises(LaneFull) as caught:
            await lane.run(add, 1, 1)
        assert caught.value.retry_after >= 1
        assert lane.statistics().rejected == 1
        held.end("runs", "waits")
        await asyncio.gather(*held.tasks.values())
        assert await lane.run(add, 1, 1) == 2


async def test_a_request_to_a_full_lane_is_a_503_and_a_late_one_a_504(kind: Kind, held: Held) -> None:
    lane = kind.make(size=1, max_queue=0)
    app = FastAPI(lifespan=lifespan(lane))

    @app.get("/add")
    async def read() -> int:
        return await lane.run(add, 1, 1)

    @app.get("/late")
    async def late() -> str:
        return await lane.run(hold, str(held.folder), "late", timeout=0.05)

    async with client(app) as http:
        assert (await http.get("/add")).json() == 2
        held.start(lane, "runs")
        await held.runs("runs")
        full = await http.get("/add")
        assert full.status_code == 503
        assert int(full.headers["retry-after"]) >= 1
        assert "lane" in full.json()["detail"]
        held.end("runs")
        await held.tasks["runs"]
        await until(lambda: lane.statistics().running == 0)
        assert (await http.get("/late")).status_code == 504
        held.end("late")


async def test_a_call_that_is_late_while_it_runs_is_given_up(lane: Lane, kind: Kind, held: Held) -> None:
    call = held.start(lane, "late", timeout=0.3)
    await held.runs("late")
    with pytest.raises(LaneTimeout, match=r"0\.3 s"):
        await call
    await gives_the_place_back(lane, kind, held, "late")
    assert lane.statistics().timed_out == 1


async def test_a_call_that_is_late_while_it_waits_never_runs(kind: Kind, held: Held) -> None:
    async with kind.make(size=1) as lane:
        held.start(lane, "first")
        await held.runs("first")
        with pytest.raises(LaneTimeout, match="waiting"):
            await held.start(lane, "second", timeout=0.05)
        assert (lane.statistics().running, lane.statistics().waiting) == (1, 0)
        held.end("first")
        await held.tasks["first"]
        assert await lane.run(add, 1, 1) == 2
        assert not held.ran("second")


async def test_the_lanes_own_timeout_holds_unless_the_call_says_otherwise(kind: Kind, held: Held) -> None:
    async with kind.make(timeout=0.3) as lane:
        patient = held.start(lane, "patient", timeout=60)
        await held.runs("patient")
        with pytest.raises(LaneTimeout):
            await held.start(lane, "default")
        held.end("patient", "default")
        assert await patient == "patient"


async def test_a_cancelled_call_is_given_up_at_once(lane: Lane, kind: Kind, held: Held) -> None:
    call = held.start(lane, "left")
    await held.runs("left")
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await gives_the_place_back(lane, kind, held, "left")
    assert lane.statistics().cancelled == 1


async def test_a_cancelled_call_that_waits_never_runs(kind: Kind, held: Held) -> None:
    async with kind.make(size=1) as lane:
        held.start(lane, "first")
        await held.runs("first")
        second = held.start(lane, "second")
        await until(lambda: lane.statistics().waiting == 1)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        assert lane.statistics().waiting == 0
        held.end("first")
        await held.tasks["first"]
        assert await lane.run(add, 1, 1) == 2
        assert not held.ran("second")


@pytest.mark.parametrize("how", ["asyncio.timeout", "anyio scope"])
async def test_cancellation_by_a_deadline_around_the_call_stays_that_deadlines(
    lane: Lane, kind: Kind, held: Held, how: str
) -> None:
    deadline = asyncio.timeout(0.2) if how == "asyncio.timeout" else anyio.fail_after(0.2)
    with pytest.raises(TimeoutError) as caught:
        async with deadline_as_async(deadline):
            await lane.run(hold, str(held.folder), "inner")
    assert not isinstance(caught.value, LaneTimeout)
    held.end("inner")
    await until(lambda: lane.statistics().running == 0)


def deadline_as_async(deadline: Any) -> Any:
    if hasattr(deadline, "__aenter__"):
        return deadline

    class Both:
        async def __aenter__(self) -> None:
            deadline.__enter__()

        async def __aexit__(self, *exc: Any) -> Any:
            return deadline.__exit__(*exc)

    return Both()


async def gives_the_place_back(lane: Lane, kind: Kind, held: Held, name: str) -> None:
    """A thread can't be stopped, so its place is taken until it ends; where the lane says so, it is free at once."""
    if kind.frees_place_on_abandon:
        assert lane.statistics().running == 0
    else:
        assert (lane.statistics().running, lane.statistics().abandoned) == (1, 1)
        held.end(name)
    await until(lambda: lane.statistics().running == 0)
    assert lane.statistics().abandoned == 0
    assert (held.folder / f"{name}.ended").exists() is not kind.frees_place_on_abandon


async def test_map_keeps_the_order_of_the_items(lane: Lane) -> None:
    assert await lane.map(double, range(25)) == [2 * number for number in range(25)]
    assert await lane.map(double, range(25), chunk=4, limit=1) == [2 * number for number in range(25)]
    assert await lane.map(double, []) == []


async def test_map_takes_items_only_as_places_become_free(lane: Lane) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number - 1 if number > 50 else number

    with pytest.raises(OrderRefused):
        await lane.map(refuse_odd, items())
    assert len(taken) < 10, "the first error ended it"


async def test_map_runs_no_more_calls_at_once_than_its_limit(lane: Lane, held: Held) -> None:
    mapped = asyncio.create_task(lane.map(functools.partial(hold, str(held.folder)), "abc", limit=1))
    for name in "abc":
        await held.runs(name)
        assert (lane.statistics().running, lane.statistics().waiting) == (1, 0)
        held.end(name)
    assert await mapped == ["a", "b", "c"]


async def test_a_map_that_is_cancelled_leaves_nothing_that_waits(lane: Lane, held: Held) -> None:
    mapped = asyncio.create_task(lane.map(functools.partial(hold, str(held.folder)), "abcdef", limit=4))
    await held.runs("a")
    await until(lambda: lane.statistics().waiting == 2)
    mapped.cancel()
    with pytest.raises(asyncio.CancelledError):
        await mapped
    assert lane.statistics().waiting == 0
    assert lane.statistics().cancelled == 4
    held.end(*"abcdef")
    await until(lambda: lane.statistics().running == 0)
    assert not held.ran("c")


async def test_map_raises_the_first_error_and_frees_the_lane(lane: Lane) -> None:
    with pytest.raises(OrderRefused) as caught:
        await lane.map(refuse_odd, [2, 4, 6, 7, 8])
    assert caught.value.order == 7
    await until(lambda: lane.statistics().running == 0)
    assert await lane.run(add, 1, 1) == 2


@pytest.mark.parametrize("option", [{"chunk": 0}, {"limit": 0}, {"timeout": 0}])
async def test_map_refuses_numbers_that_can_not_work(lane: Lane, option: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(option))):
        await lane.map(double, [1], **option)


async def test_map_refuses_more_calls_at_once_than_the_lane_can_take(lane: Lane) -> None:
    assert await lane.map(double, range(20), limit=12) == [2 * number for number in range(20)]
    with pytest.raises(ConfigurationError, match="write 12 or less"):
        await lane.map(double, [1], limit=13)


async def test_map_refuses_an_async_function(lane: Lane) -> None:
    with pytest.raises(ConfigurationError, match="async function"):
        await lane.map(coroutine_function_of_one, [1])


async def coroutine_function_of_one(number: int) -> int:
    return number


async def test_an_offloaded_function_keeps_its_name_and_its_parameters(kind: Kind) -> None:
    lane = kind.make()
    offloaded = lane.offload(add)
    assert inspect.iscoroutinefunction(offloaded)
    assert offloaded.__name__ == "add"
    assert inspect.signature(offloaded) == inspect.signature(add)
    async with lane:
        assert await offloaded(2, 3) == 5
        assert await offloaded(2, b=3, scale=2) == 10


async def test_an_offloaded_function_is_an_endpoint_and_a_dependency(kind: Kind) -> None:
    lane = kind.make()
    app = FastAPI(lifespan=lifespan(lane))
    app.get("/double")(lane.offload(double))

    offloaded = Depends(lane.offload(add))

    @app.get("/sum")
    async def total(inner: int = offloaded) -> int:
        return inner

    async with client(app) as http:
        assert (await http.get("/double?number=21")).json() == 42
        assert (await http.get("/double?number=x")).status_code == 422
        assert (await http.get("/sum?a=1&b=2&scale=3")).json() == 9


@pytest.mark.parametrize("fn", [coroutine_function, generator_function])
def test_what_can_not_be_offloaded_is_refused_at_definition(kind: Kind, fn: Any) -> None:
    with pytest.raises(ConfigurationError):
        kind.make().offload(fn)


async def test_statistics_add_up(kind: Kind, held: Held) -> None:
    async with kind.make(size=1, max_queue=0) as lane:
        await lane.run(add, 1, 1)
        with pytest.raises(OrderRefused):
            await lane.run(refuse, 1)
        held.start(lane, "runs")
        await held.runs("runs")
        with pytest.raises(LaneFull):
            await lane.run(add, 1, 1)
        held.end("runs")
        await held.tasks["runs"]
        await until(lambda: lane.statistics().running == 0)
        now = lane.statistics()
    assert (now.name, now.size, now.max_queue) == ("lane", 1, 0)
    assert (now.completed, now.failed, now.rejected, now.timed_out, now.cancelled) == (2, 1, 1, 0, 0)


async def test_how_long_calls_ran_is_counted_whatever_became_of_them(lane: Lane) -> None:
    before = lane.statistics().ever.count
    await lane.run(time.sleep, 0.05)
    with pytest.raises(OrderRefused):
        await lane.run(refuse, 7)
    counted = lane.statistics()
    assert counted.ever.count == counted.recent.count == before + 2
    assert counted.ever.total >= 0.04
    longest = counted.recent.quantile(1.0)
    assert longest is not None
    assert longest >= 0.04


async def test_a_lane_that_has_not_started_or_is_closed_says_what_to_do(kind: Kind) -> None:
    lane = kind.make()
    with pytest.raises(LaneClosed, match="lifespan"):
        await lane.run(add, 1, 1)
    async with lane:
        pass
    with pytest.raises(LaneClosed, match="lifespan"):
        await lane.run(add, 1, 1)


async def test_a_lane_starts_again_after_it_was_closed(kind: Kind) -> None:
    lane = kind.make()
    for _ in range(2):
        async with lane:
            assert await lane.run(add, 1, 1) == 2
            assert lane.statistics().completed == 1


def test_a_lane_starts_again_on_another_event_loop(kind: Kind) -> None:
    lane = kind.make()

    async def use() -> None:
        async with lane:
            assert await lane.map(double, range(5)) == [0, 2, 4, 6, 8]

    asyncio.run(use())
    asyncio.run(use())


async def test_a_lane_that_runs_can_not_be_started_again(lane: Lane) -> None:
    with pytest.raises(ConfigurationError, match="started already"):
        await lane.__aenter__()
    assert await lane.run(add, 1, 1) == 2


async def test_closing_refuses_those_in_line_and_waits_for_those_that_run(kind: Kind, held: Held) -> None:
    lane = await kind.make(size=1).__aenter__()
    running = held.start(lane, "runs")
    await held.runs("runs")
    waiting = held.start(lane, "waits")
    await until(lambda: lane.statistics().waiting == 1)
    closing = asyncio.create_task(lane.aclose())
    with pytest.raises(LaneClosed):
        await waiting
    assert not closing.done()
    held.end("runs")
    assert await running == "runs"
    await closing
    await lane.aclose()


@pytest.mark.parametrize("option", [{"size": 0}, {"max_queue": -1}, {"timeout": 0}, {"timeout": -1}])
def test_numbers_that_can_not_work_are_refused_at_definition(kind: Kind, option: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"size|max_queue|timeout"):
        kind.make(**option)


async def test_a_timeout_that_can_not_work_is_refused_at_the_call(lane: Lane) -> None:
    with pytest.raises(ConfigurationError, match="timeout"):
        await lane.run(add, 1, 1, timeout=0)


def test_a_closed_lane_leaves_no_thread_and_no_process(kind: Kind) -> None:
    async def use() -> None:
        async with kind.make() as lane:
            await asyncio.gather(*(lane.run(add, 1, number) for number in range(8)))

    me = psutil.Process()
    before = {child.pid for child in me.children(recursive=True)}
    threads = threading.active_count()
    asyncio.run(use())

    # The resource tracker that multiprocessing starts once for the whole program is not the lane's.
    # Nor are the processes of the Ray cluster, which are sessions of their own.
    def ours(child: psutil.Process) -> bool:
        return (
            child.pid not in before
            and os.getsid(child.pid) == os.getsid(0)
            and "resource_tracker" not in " ".join(child.cmdline())
        )

    wait_until(lambda: threading.active_count() <= threads and not any(map(ours, me.children(recursive=True))))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.sampled_from(["run", "fail", "cancel", "late", "burst"]), min_size=1, max_size=12))
def test_whatever_happens_the_numbers_stay_true(kind: Kind, steps: list[str]) -> None:
    if not kind.in_this_process:
        steps = steps[:3]  # starting processes takes a while

    async def live() -> None:
        async with kind.make(size=2, max_queue=3) as lane:
            for step in steps:
                if step == "run":
                    assert await lane.run(add, 1, 1) == 2
                elif step == "fail":
                    with pytest.raises(OrderRefused):
                        await lane.run(refuse, 1)
                elif step == "cancel":
                    call = asyncio.create_task(lane.run(add, 1, 1))
                    await asyncio.sleep(0)
                    call.cancel()
                    await asyncio.wait({call})
                elif step == "late":
                    with pytest.raises(LaneTimeout):
                        await lane.run(nap, timeout=0.001)
                else:
                    ended = await asyncio.gather(*(lane.run(add, 1, n) for n in range(8)), return_exceptions=True)
                    assert all(isinstance(one, int | LaneFull) for one in ended)
                now = lane.statistics()
                assert 0 <= now.abandoned <= now.running <= now.size
                assert 0 <= now.waiting <= now.max_queue
            await until(lambda: lane.statistics().running == 0)
            assert lane.statistics().abandoned == lane.statistics().waiting == 0
            assert await lane.run(add, 1, 1) == 2

    asyncio.run(live())
