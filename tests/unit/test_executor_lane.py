"""ExecutorLane: what an executor does badly does not reach the application."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import psutil
import pytest
from lane_work import (
    OrderRefused,
    add,
    die,
    hold,
    hold_and_ignore_sigterm,
    process_id,
    raise_unpicklable,
    raise_unreadable,
    refuse,
    return_a_lambda,
    return_unreadable,
    returned,
)
from waiting import wait_until

from loopline import ConfigurationError, ExecutorLane, LaneClosed, LaneTimeout, RemoteError, WorkerLost

pytestmark = pytest.mark.anyio


def processes(size: int = 2) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(size, get_context("spawn"))


def lane_of_processes(close_timeout: float = 5.0) -> ExecutorLane:
    return ExecutorLane(processes, size=2, name="cpu", close_timeout=close_timeout)


async def until(condition: Callable[[], object]) -> None:
    with anyio.fail_after(120):
        while not condition():
            await asyncio.sleep(0.002)


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of calls to ``hold``; all of them end with the test."""
    yield tmp_path
    for runs in list(tmp_path.glob("*.runs")):
        runs.with_suffix(".end").touch()


class ByHand(Executor):
    """An executor whose every step waits for the test."""

    def __init__(self) -> None:
        self.futures: list[Future[Any]] = []
        self.threads: list[int] = []
        self.calls: list[Callable[[], Any]] = []
        self.may_submit = threading.Event()
        self.may_submit.set()
        self.broken = False
        self.is_shut_down = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.threads.append(threading.get_ident())
        assert self.may_submit.wait(60)
        if self.broken:
            raise BrokenExecutor("by hand")
        future: Future[Any] = Future()
        self.futures.append(future)
        self.calls.append(functools.partial(fn, *args, **kwargs))
        return future

    def finish(self, number: int) -> None:
        self.futures[number].set_result(self.calls[number]())

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.threads.append(threading.get_ident())
        self.is_shut_down = True


async def test_making_handing_over_and_shutting_down_happen_off_the_event_loop() -> None:
    made_in: list[int] = []
    by_hand = ByHand()

    def make() -> Executor:
        made_in.append(threading.get_ident())
        return by_hand

    async with ExecutorLane(make, size=1) as lane:
        call = asyncio.create_task(lane.run(add, 1, 1))
        await until(lambda: by_hand.futures)
        by_hand.finish(0)
        assert await call == 2
    assert len(by_hand.threads) == 2
    assert threading.get_ident() not in {*made_in, *by_hand.threads}


async def test_a_function_that_makes_no_executor_is_refused_when_the_lane_starts() -> None:
    make: Any = dict
    with pytest.raises(ConfigurationError, match="no executor"):
        await ExecutorLane(make, size=1).__aenter__()


async def test_what_fails_while_the_executor_is_made_is_raised_when_the_lane_starts_and_it_can_start_again() -> None:
    ready: list[bool] = []

    def make() -> Executor:
        if not ready:
            raise OrderRefused(1, "not yet")
        return ThreadPoolExecutor(1)

    lane = ExecutorLane(make, size=1)
    with pytest.raises(OrderRefused):
        await lane.__aenter__()
    ready.append(True)
    async with lane:
        assert await lane.run(add, 1, 1) == 2


async def test_a_start_that_is_cancelled_shuts_down_what_is_made_later() -> None:
    may_make = threading.Event()
    made: list[ThreadPoolExecutor] = []

    def make() -> Executor:
        assert may_make.wait(60)
        made.append(ThreadPoolExecutor(1))
        return made[0]

    lane = ExecutorLane(make, size=1, close_timeout=0.05)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await lane.__aenter__()
    may_make.set()

    def is_shut_down() -> bool:
        try:
            made[0].submit(int)
        except IndexError:
            return False
        except RuntimeError:
            return True
        return False

    await until(is_shut_down)


@pytest.mark.parametrize("executor", [None, 4, "processes"])
def test_what_is_no_executor_is_refused_at_definition(executor: Any) -> None:
    with pytest.raises(ConfigurationError, match="give an executor"):
        ExecutorLane(executor, size=1)


def test_a_close_timeout_that_can_not_work_is_refused_at_definition() -> None:
    with pytest.raises(ConfigurationError, match="close_timeout"):
        ExecutorLane(processes, size=1, close_timeout=0)


async def test_a_given_executor_is_shut_down_with_the_lane_which_then_says_how_to_start_again() -> None:
    executor = ThreadPoolExecutor(1)
    lane = ExecutorLane(executor, size=1)
    async with lane:
        assert await lane.run(add, 1, 1) == 2
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(int)
    with pytest.raises(ConfigurationError, match="a function that makes one"):
        await lane.__aenter__()


async def test_a_lost_worker_fails_what_was_in_flight_and_the_lane_goes_on(folder: Path) -> None:
    async with lane_of_processes() as lane:
        # A ProcessPoolExecutor watches a worker that it has added only from the next call's begin or end on.
        calls = [asyncio.create_task(lane.run(hold, str(folder), name)) for name in "ab"]
        await until(lambda: len(list(folder.glob("[ab].runs"))) == 2)
        for name in "ab":
            (folder / f"{name}.end").touch()
        await asyncio.gather(*calls)
        other = asyncio.create_task(lane.run(hold, str(folder), "other"))
        await until((folder / "other.runs").exists)
        with pytest.raises(WorkerLost, match="die was in flight"):
            await lane.run(die)
        with pytest.raises(WorkerLost, match="hold was in flight"):
            await other
        assert (lane.statistics().running, lane.statistics().failed) == (0, 2)
        assert await lane.run(add, 1, 1) == 2


async def test_a_given_executor_that_broke_stays_broken_and_no_place_is_lost() -> None:
    async with ExecutorLane(processes(1), size=1) as lane:
        with pytest.raises(WorkerLost):
            await lane.run(die)
        for _ in range(2):
            with pytest.raises(WorkerLost, match="a function that makes executors"):
                await lane.run(add, 1, 1)
        assert lane.statistics().running == 0


async def test_a_new_executor_that_is_broken_too_costs_no_place_and_broken_ones_are_shut_down() -> None:
    made: list[ByHand] = []

    def make() -> Executor:
        made.append(ByHand())
        made[-1].broken = True
        return made[-1]

    async with ExecutorLane(make, size=1) as lane:
        for _ in range(2):
            with pytest.raises(WorkerLost, match="broken at once"):
                await lane.run(add, 1, 1)
        assert lane.statistics().running == 0
        assert [executor.is_shut_down for executor in made] == [True, True, False]
    assert made[-1].is_shut_down


async def test_an_executor_that_is_made_anew_while_the_lane_closes_is_shut_down() -> None:
    may_make = threading.Event()
    may_make.set()
    made: list[ByHand] = []

    def make() -> Executor:
        assert may_make.wait(60)
        made.append(ByHand())
        return made[-1]

    lane = await ExecutorLane(make, size=1, close_timeout=0.05).__aenter__()
    made[0].broken = True
    may_make.clear()
    call = asyncio.create_task(lane.run(add, 1, 1))
    await until(lambda: made[0].is_shut_down)
    await lane.aclose()
    may_make.set()
    with pytest.raises(LaneClosed):
        await call
    assert made[1].is_shut_down
    assert not made[1].futures


async def test_an_executor_that_refuses_a_call_costs_no_place() -> None:
    executor = ThreadPoolExecutor(1)
    async with ExecutorLane(executor, size=1) as lane:
        executor.shutdown()
        for _ in range(2):
            with pytest.raises(RuntimeError, match="after shutdown"):
                await lane.run(add, 1, 1)
        assert lane.statistics().running == 0


async def test_a_call_that_its_executor_drops_is_an_error_and_no_cancellation() -> None:
    by_hand = ByHand()
    async with ExecutorLane(by_hand, size=1) as lane:
        call = asyncio.create_task(lane.run(add, 1, 1))
        await until(lambda: by_hand.futures)
        by_hand.futures[0].cancel()
        with pytest.raises(WorkerLost, match="dropped"):
            await call
        assert (lane.statistics().running, lane.statistics().cancelled) == (0, 0)


async def test_a_call_that_is_late_before_the_executor_began_it_never_runs() -> None:
    by_hand = ByHand()
    async with ExecutorLane(by_hand, size=1) as lane:
        with pytest.raises(LaneTimeout):
            await lane.run(add, 1, 1, timeout=0.05)
        await until(lambda: lane.statistics().running == 0)
        assert by_hand.futures[0].cancelled()


async def test_an_executor_that_hangs_while_it_is_handed_a_call_does_not_hold_the_caller() -> None:
    by_hand = ByHand()
    by_hand.may_submit.clear()
    async with ExecutorLane(by_hand, size=1) as lane:
        with pytest.raises(LaneTimeout):
            await lane.run(add, 1, 1, timeout=0.05)
        assert (lane.statistics().running, lane.statistics().abandoned) == (1, 1)
        by_hand.may_submit.set()
        await until(lambda: lane.statistics().running == 0)
        assert by_hand.futures[0].cancelled()
        assert lane.statistics().abandoned == 0


@pytest.mark.parametrize(
    ("fn", "args", "told"),
    [
        (lambda: 1, (), "can't be sent to a worker.*importable module"),
        (returned, (threading.Lock(),), "returned and its arguments can't be sent to a worker.*plain data"),
        (return_a_lambda, (), "return_a_lambda returned a function that can't be sent back.*plain data"),
        (return_unreadable, (), "return_unreadable returned a UnreadableResult that can't be read here"),
    ],
    ids=["lambda", "argument", "result", "unreadable result"],
)
async def test_what_can_not_be_pickled_is_an_error_of_that_call_alone(
    folder: Path, fn: Any, args: tuple[Any, ...], told: str
) -> None:
    async with lane_of_processes() as lane:
        other = asyncio.create_task(lane.run(hold, str(folder), "other"))
        await until((folder / "other.runs").exists)
        with pytest.raises(ConfigurationError, match=told):
            await lane.run(fn, *args)
        (folder / "other.end").touch()
        assert await other == "other"


async def test_a_function_that_the_worker_can_not_import_is_an_error_of_that_call_alone(folder: Path) -> None:
    module = ModuleType("only_in_this_process")
    sys.modules[module.__name__] = module
    exec("def f(): return 1", vars(module))
    try:
        async with lane_of_processes() as lane:
            other = asyncio.create_task(lane.run(hold, str(folder), "other"))
            await until((folder / "other.runs").exists)
            with pytest.raises(ConfigurationError, match=r"can't be read in the worker.*only_in_this_process"):
                await lane.run(vars(module)["f"])
            (folder / "other.end").touch()
            assert await other == "other"
    finally:
        del sys.modules[module.__name__]


@pytest.mark.parametrize(("fn", "told"), [(raise_unreadable, "no lamps left"), (raise_unpicklable, "it holds a lock")])
async def test_an_error_that_can_not_be_brought_back_is_told_with_its_traceback(fn: Any, told: str) -> None:
    async with lane_of_processes() as lane:
        with pytest.raises(RemoteError, match=told) as caught:
            await lane.run(fn)
        assert f"in {fn.__name__}" in str(caught.value)
        assert await lane.run(add, 1, 1) == 2


async def test_an_error_from_a_process_holds_its_traceback_as_a_note_and_nothing_else_is_added() -> None:
    async with lane_of_processes() as lane:
        with pytest.raises(OrderRefused) as caught:
            await lane.run(refuse, 7)
    assert caught.value.__cause__ is None
    (note,) = caught.value.__notes__
    assert "in refuse" in note
    assert "loopline" not in note, "it begins with the user's own code"


async def test_what_can_not_be_pickled_works_in_threads() -> None:
    async with ExecutorLane(ThreadPoolExecutor(1), size=1) as lane:
        lock = threading.Lock()
        assert await lane.run(returned, lock) is lock
        assert await lane.run(lambda: 1) == 1


@pytest.mark.parametrize("fn", [hold, hold_and_ignore_sigterm])
async def test_closing_kills_processes_that_take_too_long(
    folder: Path, fn: Any, caplog: pytest.LogCaptureFixture
) -> None:
    lane = await lane_of_processes(close_timeout=0.05).__aenter__()
    pid = await lane.run(process_id)
    running = asyncio.create_task(lane.run(fn, str(folder), "long"))
    await until((folder / "long.runs").exists)
    with caplog.at_level(logging.WARNING, "loopline.lanes"):
        await lane.aclose()
    assert "lane 'cpu': 1 calls still run" in caplog.text
    with pytest.raises(WorkerLost, match="closed"):
        await running
    assert is_gone(pid)
    assert not (folder / "long.ended").exists()


async def test_a_close_that_is_cancelled_kills_the_processes_before_the_cancellation_goes_on(folder: Path) -> None:
    lane = await lane_of_processes(close_timeout=60).__aenter__()
    pid = await lane.run(process_id)
    running = asyncio.create_task(lane.run(hold, str(folder), "long"))
    await until((folder / "long.runs").exists)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await lane.aclose()
    with pytest.raises(WorkerLost, match="closed"):
        await running
    assert is_gone(pid)


async def test_closing_leaves_a_thread_that_takes_too_long_and_says_so(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lane = await ExecutorLane(lambda: ThreadPoolExecutor(1), size=1, name="slow", close_timeout=0.05).__aenter__()
    running = asyncio.create_task(lane.run(hold, str(folder), "long"))
    await until((folder / "long.runs").exists)
    with caplog.at_level(logging.WARNING, "loopline.lanes"):
        await lane.aclose()
    assert "lane 'slow': 1 calls still run" in caplog.text
    with pytest.raises(LaneClosed):
        await lane.run(add, 1, 1)
    (folder / "long.end").touch()
    assert await running == "long"


def test_nothing_is_left_of_executors_that_broke_or_were_killed(tmp_path: Path) -> None:
    pids: list[int] = []

    async def use() -> None:
        lane = await lane_of_processes(close_timeout=0.05).__aenter__()
        for _ in range(2):
            pids.append(await lane.run(process_id))
            with pytest.raises(WorkerLost):
                await lane.run(die)
        pids.append(await lane.run(process_id))
        running = asyncio.create_task(lane.run(hold, str(tmp_path), "long"))
        await until((tmp_path / "long.runs").exists)
        await lane.aclose()
        with pytest.raises(WorkerLost):
            await running

    threads = threading.active_count()
    asyncio.run(use())
    wait_until(lambda: all(map(is_gone, pids)) and threading.active_count() <= threads)
    me = psutil.Process(os.getpid())
    wait_until(lambda: not any("spawn_main" in " ".join(child.cmdline()) for child in me.children()))
