"""ProcessLane at its edges: whatever a function does, its call gets a clear error and the lane still serves."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import FrameType
from typing import Any

import anyio
import psutil
import pytest
from process_work import (
    abort,
    burn,
    crash,
    descriptors_of_a_child,
    echo,
    fail_to_initialize,
    flip,
    fork_inside,
    initialized,
    leave,
    need,
    overflow,
    print_much,
    raise_not_restorable,
    raise_unpicklable,
    recurse,
    remember_initialization,
    return_lock,
    say,
    say_much,
    scheduling,
    time_stands_still,
    too_large,
    warn,
)
from stream_work import count, die_after, endless, processes, sizes, unreadable, unsendable
from waiting import until, wait_until

from loopline import ConfigurationError, LaneClosed, ProcessLane, RemoteError, WorkerLost
from loopline.lanes import _wire as wire

pytestmark = pytest.mark.anyio

MEGABYTE = 1024 * 1024


@pytest.fixture
async def lane() -> AsyncIterator[ProcessLane]:
    async with ProcessLane(1) as lane:
        yield lane
        assert await lane.run(echo, "still serves") == "still serves"


@pytest.mark.parametrize(
    ("fn", "args", "error", "told"),
    [
        (lambda: 1, (), ConfigurationError, r"can't be sent to a worker.*at the top of an importable module"),
        (echo, (threading.Lock(),), ConfigurationError, r"echo and its arguments can't be sent.*plain data"),
        (return_lock, (), ConfigurationError, r"return_lock: the result can't be sent back: TypeError"),
        (raise_unpicklable, (), RemoteError, r"(?s)raise_unpicklable failed in the worker.*it holds a lock"),
        (raise_not_restorable, (), RemoteError, r"(?s)raise_not_restorable failed.*1 and 2"),
        (leave, (3,), WorkerLost, r"ended with exit code 3"),
        (abort, (), WorkerLost, r"was ended by SIGABRT"),
        (crash, (), WorkerLost, r"was ended by SIGSEGV"),
        (overflow, (), WorkerLost, r"was ended by SIGSEGV"),
        (recurse, (0,), RecursionError, r"maximum recursion depth"),
        (too_large, (2 * 1024 * MEGABYTE,), ConfigurationError, r"too_large: the result can't be sent back.*2,147,483"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_a_call_that_goes_wrong_says_how(
    lane: ProcessLane, fn: Callable[..., Any], args: tuple[Any, ...], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        await lane.run(fn, *args)


async def test_arguments_that_are_too_large_are_refused_before_they_are_sent(
    lane: ProcessLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MOST", MEGABYTE)
    with pytest.raises(ConfigurationError, match=r"arguments of echo are too large .*send its path"):
        await lane.run(echo, bytes(2 * MEGABYTE))


def test_a_function_of_the_program_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("""
import asyncio
from loopline import ConfigurationError, LaneClosed, ProcessLane

def work():
    return 1

async def main():
    async with ProcessLane(1) as lane:
        try:
            await lane.run(work)
        except ConfigurationError as error:
            print(error)

asyncio.run(main())
""")
    done = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "work is defined in the program that was started (__main__)" in done.stdout, done.stderr
    assert "move it to a module" in done.stdout


@pytest.mark.parametrize("size", [0, 10, wire.INLINE, wire.INLINE + 1, 3 * MEGABYTE + 7, 40 * MEGABYTE])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview], ids=lambda kind: kind.__name__)
async def test_bytes_of_every_size_come_back_as_what_they_were(lane: ProcessLane, kind: Any, size: int) -> None:
    sent = kind(os.urandom(size))
    back = await lane.run(echo, sent)
    assert type(back) is kind
    assert back == sent


async def test_the_shared_memory_is_let_go_though_something_holds_on_to_frames() -> None:
    frames: list[FrameType] = []
    async with ProcessLane(1) as lane:  # the loop is told of it if the memory can't be unmapped
        sys.setprofile(lambda frame, event, argument: frames.append(frame))
        try:
            back = await lane.run(echo, memoryview(bytes(MEGABYTE)))
        finally:
            sys.setprofile(None)
    assert back == bytes(MEGABYTE)
    assert frames


async def test_large_pickles_and_strided_views_come_back_too(lane: ProcessLane) -> None:
    numbers = list(range(100_000))
    assert await lane.run(echo, numbers) == numbers
    view = memoryview(bytes(range(256)) * 1024)[::3]
    assert await lane.run(echo, view) == view.tobytes()


async def test_what_a_worker_changes_is_its_own(lane: ProcessLane) -> None:
    sent = bytearray(MEGABYTE)
    back = await lane.run(flip, sent)
    assert (sent[0], back[0]) == (0, 0xFF)
    again = await lane.run(flip, bytearray(MEGABYTE))
    back[1] = 1
    assert again[1] == 0, "a result is not changed by the next one"


async def test_without_memfd_an_unlinked_file_carries_large_payloads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    sent = os.urandom(5 * MEGABYTE)
    async with ProcessLane(1) as lane:
        assert await lane.run(echo, sent) == sent


async def test_an_idle_worker_that_dies_costs_no_call(lane: ProcessLane) -> None:
    for _ in range(5):
        for pid in lane.pids:
            os.kill(pid, signal.SIGKILL)
        assert await lane.run(echo, 1) == 1


async def test_the_call_on_a_killed_worker_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    async with ProcessLane(2) as lane:
        lost = asyncio.create_task(lane.run(burn, str(tmp_path / "pid")))
        await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        others = [asyncio.create_task(lane.run(echo, number)) for number in range(20)]
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
        with pytest.raises(WorkerLost, match="SIGKILL"):
            await lost
        assert await asyncio.gather(*others) == list(range(20))
        await until(lambda: len(lane.pids) == 3)


async def test_a_cancelled_call_frees_the_cpu(lane: ProcessLane, tmp_path: Path) -> None:
    call = asyncio.create_task(lane.run(burn, str(tmp_path / "pid")))
    await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    pid = int((tmp_path / "pid").read_text())
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await until(lambda: not psutil.pid_exists(pid))


async def test_a_worker_that_asks_for_too_much_memory_gets_a_memory_error_and_one_that_used_much_is_replaced() -> None:
    async with ProcessLane(1, max_memory_per_worker=150 * MEGABYTE) as lane:
        with pytest.raises(MemoryError):
            await lane.run(need, 600 * MEGABYTE)
        before = set(lane.pids)
        pid = await lane.run(need, 200 * MEGABYTE)
        assert pid in before
        await until(lambda: pid not in lane.pids and not psutil.pid_exists(pid))
        assert await lane.run(need, MEGABYTE) != pid


async def test_a_worker_is_replaced_after_its_calls() -> None:
    async with ProcessLane(1, max_calls_per_worker=3) as lane:
        pids = [await lane.run(need, 1) for _ in range(12)]
    assert max(pids.count(pid) for pid in pids) <= 3


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"preload": ["no_such_module"]}, "No module named 'no_such_module'"),
        ({"initializer": fail_to_initialize}, "no licence"),
    ],
)
async def test_a_worker_that_can_not_start_is_an_error_of_the_start(options: dict[str, Any], told: str) -> None:
    lane = ProcessLane(1, **options)
    with pytest.raises(ConfigurationError, match=f"(?s)can't start.*{told}"):
        await lane.__aenter__()
    assert lane.pids == ()


@pytest.mark.parametrize(
    "options",
    [
        {"preload": "shop"},
        {"context": ["no_colon"]},
        {"nice": 20},
        {"max_calls_per_worker": 0},
        {"max_memory_per_worker": 0},
        {"initializer": lambda: None},
        {"initializer": functools.partial(echo, "x" * 100_000)},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_that_can_not_work_are_refused_at_definition(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        ProcessLane(1, **options)


async def test_an_initializer_runs_in_each_worker_before_its_first_call() -> None:
    async with ProcessLane(2, initializer=remember_initialization) as lane:
        assert await lane.map(echo_initialized, range(4)) == [["done"]] * 4


def echo_initialized(_: int) -> list[str]:
    return initialized()


async def test_a_fork_inside_a_function_answers_once(lane: ProcessLane) -> None:
    assert await lane.run(fork_inside) in lane.pids


async def test_much_output_does_not_disturb(capfd: pytest.CaptureFixture[str]) -> None:
    async with ProcessLane(1) as lane:
        assert await lane.run(print_much, 5 * MEGABYTE) == 5 * MEGABYTE
    assert len(capfd.readouterr().out) == 5 * MEGABYTE + 1


async def test_what_is_logged_in_a_worker_is_logged_here(lane: ProcessLane, caplog: pytest.LogCaptureFixture) -> None:
    pid = await lane.run(say, "lamps left")
    records = [record for record in caplog.records if record.name == "shop.work"]
    assert [record.getMessage() for record in records] == ["lamps left: 42", "with a traceback"]
    assert {record.process for record in records} == {pid}
    assert records[0].levelno == logging.WARNING
    assert "ValueError: inside" in (records[1].exc_text or "")


async def test_a_record_of_any_size_is_logged_and_harms_no_result(
    lane: ProcessLane, caplog: pytest.LogCaptureFixture
) -> None:
    assert await lane.run(say_much, 200_000) == bytes(200_000)
    (record,) = [record for record in caplog.records if record.name == "shop.work"]
    assert record.getMessage().startswith("𝕏𝕏𝕏")


async def test_what_warns_in_a_worker_is_logged_here(lane: ProcessLane, caplog: pytest.LogCaptureFixture) -> None:
    await lane.run(warn)
    assert "mind the gap" in caplog.text


async def test_workers_step_back_behind_the_loop() -> None:
    here, policy = scheduling()
    async with ProcessLane(1, nice=10) as lane:
        assert await lane.run(scheduling) == (min(here + 10, 19), os.SCHED_BATCH)
    async with ProcessLane(1, nice=0) as lane:
        assert await lane.run(scheduling) == (here, policy)


async def test_a_grandchild_inherits_no_line_to_the_lane(lane: ProcessLane) -> None:
    inherited = await lane.run(descriptors_of_a_child)
    assert [name for name in inherited if name.startswith("socket:") or "loopline" in name] == []


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(f"""
import asyncio, sys
sys.path.insert(0, {str(Path(burn.__code__.co_filename).parent)!r})
from process_work import burn
from loopline import ProcessLane

async def main():
    async with ProcessLane(2) as lane:
        print(*lane.pids, flush=True)
        await asyncio.gather(lane.run(burn, "one"), lane.run(burn, "two"))

asyncio.run(main())
""")
    program = subprocess.Popen([sys.executable, "program.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    with program:
        assert program.stdout is not None
        pids = [int(pid) for pid in program.stdout.readline().split()]
        wait_until(lambda: (tmp_path / "one").exists() and (tmp_path / "two").exists())
        program.kill()
    assert len(pids) == 3
    wait_until(lambda: not any(is_alive(pid) for pid in pids))


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_nothing_is_left_open_after_a_close() -> None:
    me = psutil.Process()

    async def use() -> None:
        async with ProcessLane(2) as lane:
            await lane.map(echo, [bytes(MEGABYTE)] * 4)
            os.kill(lane.pids[0], signal.SIGKILL)
            await lane.run(echo, 1)

    asyncio.run(use())  # what is opened once for the whole program is open from here on
    before, children = me.num_fds(), len(me.children())
    for _ in range(3):
        asyncio.run(use())
    wait_until(lambda: me.num_fds() <= before and len(me.children()) <= children)
    assert not [thread for thread in threading.enumerate() if "loopline" in thread.name]


async def test_a_call_that_waits_for_a_worker_as_the_lane_closes_is_refused_and_the_close_ends() -> None:
    lane = await ProcessLane(1).__aenter__()
    for pid in lane.pids:
        os.kill(pid, signal.SIGKILL)
    call = asyncio.create_task(lane.run(echo, 1))  # goes to a worker that is dead, before the loop has heard of that
    await asyncio.sleep(0)
    with anyio.fail_after(120):
        await lane.aclose()
        with pytest.raises(LaneClosed):
            await call
    assert lane.statistics().running == 0


async def test_a_call_that_has_no_worker_yet_is_refused_as_the_lane_closes() -> None:
    lane = await ProcessLane(1).__aenter__()
    for pid in lane.pids:
        os.kill(pid, signal.SIGKILL)
    await until(lambda: not lane._idle)
    call = asyncio.create_task(lane.run(echo, 1))
    await until(lambda: lane._asking)
    with anyio.fail_after(120):
        await lane.aclose()
        with pytest.raises(LaneClosed):
            await call


async def test_a_worker_that_does_not_get_ready_is_killed_and_the_start_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("loopline.lanes.process.START", 0.3)
    monkeypatch.setattr("loopline.lanes.process.PATIENCE", 0.3)
    with anyio.fail_after(60), pytest.raises(ConfigurationError, match=r"it was not ready within 0\.3 s"):
        await ProcessLane(1, initializer=time_stands_still).__aenter__()


async def test_without_pidfd_a_lost_worker_is_still_told_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    async with ProcessLane(1) as lane:
        with pytest.raises(WorkerLost, match="exit code 3"):
            await lane.run(leave, 3)
        assert await lane.run(echo, 1) == 1


async def test_a_close_that_is_cut_kills_what_still_runs(tmp_path: Path) -> None:
    lane = await ProcessLane(1).__aenter__()
    call = asyncio.create_task(lane.run(burn, str(tmp_path / "pid")))
    await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await lane.aclose()
    with pytest.raises(WorkerLost):
        await call
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


async def test_a_worker_that_dies_ends_its_stream_after_what_it_gave(lane: ProcessLane) -> None:
    got = []
    with pytest.raises(WorkerLost, match="ended by SIGKILL"):
        async with lane.stream(die_after, 3) as items:
            while True:
                got.append(await anext(items))
    assert got == [0, 1, 2]


async def test_an_item_that_can_not_be_sent_ends_its_stream_and_says_why(lane: ProcessLane) -> None:
    async with lane.stream(unsendable) as items:
        assert await anext(items) == 1
        with pytest.raises(ConfigurationError, match=r"unsendable: an item can't be sent: .*lambda"):
            await anext(items)


async def test_an_item_that_can_not_be_read_ends_its_stream_and_says_where(lane: ProcessLane) -> None:
    async with lane.stream(unreadable) as items:
        assert await anext(items) == 1
        with pytest.raises(ValueError, match="no number") as caught:
            await anext(items)
        assert "unreadable" in "".join(caught.value.__notes__)
        assert [item async for item in items] == []


async def test_a_worker_serves_on_after_streams_that_were_left_early(lane: ProcessLane) -> None:
    (pid,) = {await lane.run(os.getpid)}
    for length in (1, 3 * wire.INLINE) * 20:
        async with lane.stream(sizes, [length] * 40) as items:
            for index in range(length % 7):
                assert await anext(items) == bytes([index]) * length
        assert await lane.run(echo, "mine") == "mine"
    assert await lane.run(os.getpid) == pid


async def test_a_worker_that_was_left_by_a_stream_lets_the_generator_run_ahead_no_further_than_any(
    lane: ProcessLane, tmp_path: Path
) -> None:
    """What the consumer of an earlier stream had taken is not counted for the next one."""
    async with lane.stream(count, 10 * wire.AHEAD) as items:
        for _ in range(wire.AHEAD + 5):
            await anext(items)
    async with lane.stream(endless, str(tmp_path)) as items:
        await until(lambda: (tmp_path / "made").exists() and (tmp_path / "made").read_text() == str(wire.AHEAD + 1))
        await anext(items)
        await until(lambda: (tmp_path / "made").read_text() == str(wire.AHEAD + 2))


async def test_a_stream_of_a_function_that_can_not_be_sent_is_refused_at_its_start(lane: ProcessLane) -> None:
    with pytest.raises(ConfigurationError, match="at the top of an importable module"):
        async with lane.stream(lambda: iter([1])):
            pass


async def test_the_place_of_a_worker_that_streams_is_held_through_its_calls_limit() -> None:
    async with ProcessLane(1, max_calls_per_worker=1) as lane:
        async with lane.stream(processes) as items:
            first = {await anext(items) for _ in range(50)}
        async with lane.stream(processes) as items:
            second = {await anext(items) for _ in range(50)}
    assert (len(first), len(second)) == (1, 1)
    assert first != second
