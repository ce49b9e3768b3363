"""ThreadLane: threads can't be stopped, so they are counted until they end, and told when nobody waits any more."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from anyio import from_thread, to_thread
from waiting import wait_until

from loopline import LaneTimeout, ThreadLane

pytestmark = pytest.mark.anyio


async def until(condition: Callable[[], object]) -> None:
    with anyio.fail_after(120):
        while not condition():
            await asyncio.sleep(0.002)


class Stuck:
    """A function that runs until it is let go. A minute guards against a hang."""

    def __init__(self) -> None:
        self.runs = threading.Event()
        self.may_end = threading.Event()
        self.thread: threading.Thread | None = None

    def __call__(self) -> str:
        self.thread = threading.current_thread()
        self.runs.set()
        assert self.may_end.wait(60)
        return "ended"


class Watchful:
    """A function that looks whether anybody still waits for it, and says what it saw."""

    def __init__(self) -> None:
        self.runs = threading.Event()
        self.raised: BaseException | None = None
        self.ended = threading.Event()

    def __call__(self) -> None:
        try:
            while not self.ended.wait(0.002):
                from_thread.check_cancelled()
                self.runs.set()
        except BaseException as error:
            self.raised = error
            raise
        finally:
            self.ended.set()


async def cancel_natively(call: asyncio.Task[Any], scope: anyio.CancelScope) -> None:
    call.cancel()


async def cancel_by_scope(call: asyncio.Task[Any], scope: anyio.CancelScope) -> None:
    scope.cancel()


async def let_it_time_out(call: asyncio.Task[Any], scope: anyio.CancelScope) -> None:
    pass


@pytest.mark.parametrize(
    ("give_up", "timeout"), [(cancel_natively, None), (cancel_by_scope, None), (let_it_time_out, 0.1)]
)
async def test_a_function_can_see_that_its_call_was_given_up(give_up: Any, timeout: float | None) -> None:
    watchful = Watchful()
    scope = anyio.CancelScope()
    async with ThreadLane("lane", size=1) as lane:

        async def run() -> None:
            with scope:
                await lane.run(watchful, timeout=timeout)

        call = asyncio.create_task(run())
        await until(watchful.runs.is_set)
        await give_up(call, scope)
        await asyncio.wait({call}, timeout=30)
        await until(watchful.ended.is_set)
        await until(lambda: lane.statistics().running == 0)
    assert isinstance(watchful.raised, asyncio.CancelledError)
    if not call.cancelled():
        assert timeout is None or isinstance(call.exception(), LaneTimeout)


async def test_a_function_can_call_back_into_the_event_loop() -> None:
    async def here() -> int:
        return threading.get_ident()

    async with ThreadLane("lane", size=1) as lane:
        assert await lane.run(from_thread.run, here) == threading.get_ident()


async def test_no_more_threads_run_than_there_are_places_however_many_calls_are_given_up() -> None:
    stuck = [Stuck() for _ in range(4)]
    async with ThreadLane("lane", size=2) as lane:
        for fn in stuck:
            with pytest.raises(LaneTimeout):
                await lane.run(fn, timeout=0.05)
        assert [fn.runs.is_set() for fn in stuck] == [True, True, False, False]
        assert lane.statistics().abandoned == 2
        for fn in stuck:
            fn.may_end.set()


async def test_calls_take_none_of_the_threads_that_fastapi_shares() -> None:
    stuck = Stuck()
    async with ThreadLane("lane", size=1) as lane:
        call = asyncio.create_task(lane.run(stuck))
        await until(stuck.runs.is_set)
        assert to_thread.current_default_thread_limiter().borrowed_tokens == 0
        stuck.may_end.set()
        assert await call == "ended"


def test_a_thread_that_can_not_be_started_costs_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def use() -> None:  # in an event loop of its own, where anyio keeps no idle thread
        async with ThreadLane("lane", size=1) as lane:
            with monkeypatch.context() as patch:
                patch.setattr(threading.Thread, "start", refuse)
                for _ in range(2):
                    with pytest.raises(RuntimeError, match="can't start new thread"):
                        await lane.run(int)
            assert (lane.statistics().running, lane.statistics().failed) == (0, 2)
            assert await lane.run(int) == 0

    asyncio.run(asyncio.wait_for(use(), 60))


async def test_a_close_that_is_cancelled_says_how_many_threads_are_left(caplog: pytest.LogCaptureFixture) -> None:
    stuck = Stuck()
    lane = await ThreadLane("legacy", size=1).__aenter__()
    call = asyncio.create_task(lane.run(stuck))
    await until(stuck.runs.is_set)
    with caplog.at_level(logging.WARNING, "loopline.lanes"), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await lane.aclose()
    assert "lane 'legacy': 1 calls still run" in caplog.text
    stuck.may_end.set()
    assert await call == "ended"


async def test_a_lane_whose_close_was_cut_starts_again_with_all_its_places() -> None:
    stuck = Stuck()
    lane = await ThreadLane("lane", size=1).__aenter__()
    with pytest.raises(LaneTimeout):
        await lane.run(stuck, timeout=0.05)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await lane.aclose()
    async with lane:
        assert await lane.run(int) == 0
        stuck.may_end.set()
        assert stuck.thread is not None
        assert lane.statistics().abandoned == 0


def test_a_thread_that_outlives_its_event_loop_ends_quietly() -> None:
    stuck = Stuck()

    async def leave_it() -> None:
        lane = await ThreadLane("lane", size=1).__aenter__()
        with pytest.raises(LaneTimeout):
            await lane.run(stuck, timeout=0.05)

    asyncio.run(leave_it())
    assert stuck.thread is not None
    assert stuck.thread.is_alive()
    stuck.may_end.set()
    thread = stuck.thread
    wait_until(lambda: not thread.is_alive())
