"""ProcessLane while its workers are killed at random: every call ends, and with what is its own."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from process_work import items_of, work, work_and_fail
from waiting import wait_until

from loopline import LaneTimeout, ProcessLane, WorkerLost

# The short form is part of the tests; `make chaos` runs the long one.
LONG = os.environ.get("LOOPLINE_CHAOS") == "long"
SCHEDULES, CALLS, KILLS = (10, 1000, 30) if LONG else (2, 300, 10)


@settings(max_examples=SCHEDULES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(seed=st.integers(0, 2**32), workers=st.integers(1, 3))
def test_every_call_ends_with_what_is_its_own_whatever_is_killed(seed: int, workers: int) -> None:
    me = psutil.Process()
    asyncio.run(schedule(random.Random(seed), 1, calls=4, kills=0))  # what is opened once is open from here on
    before = me.num_fds(), len(me.children(recursive=True))
    endings = asyncio.run(schedule(random.Random(seed), workers, CALLS, KILLS))
    assert sum(endings.values()) == CALLS
    assert endings["value"] > CALLS / 10
    wait_until(lambda: me.num_fds() <= before[0] and len(me.children(recursive=True)) <= before[1])
    assert not [thread for thread in threading.enumerate() if "loopline" in thread.name]
    with open("/proc/self/maps") as maps:
        assert "memfd:loopline" not in maps.read()


def test_many_calls_leave_the_parents_memory_as_it_was() -> None:
    me = psutil.Process()

    async def call_often(count: int) -> tuple[int, int]:
        async with ProcessLane(2, nice=0) as lane:
            await burst(lane, 20_000)
            before = me.memory_info().rss
            await burst(lane, count)
            return before, me.memory_info().rss

    async def burst(lane: ProcessLane, count: int) -> None:
        numbers = iter(range(count))

        async def caller() -> None:
            for number in numbers:
                assert await lane.run(work, number, 0.0) == number

        await asyncio.gather(*(caller() for _ in range(64)))

    before, after = asyncio.run(call_often(200_000 if LONG else 40_000))
    assert after == pytest.approx(before, rel=0.05)


async def consume(lane: ProcessLane, number: int, *, fails: bool, leave: bool, timeout: float | None) -> int:
    """Take items of all sizes, all of them or some, and make sure that they are this stream's own."""
    async with lane.stream(items_of, number, fails, timeout=timeout) as items:
        index = -1
        async for index, owner, payload in items:
            assert (owner, payload) == (number, bytes([number % 251]) * len(payload))
            if leave and index == number % 30:
                return number
    assert (index, fails) == (29, False)
    return number


async def schedule(chance: random.Random, workers: int, calls: int, kills: int) -> dict[str, int]:
    endings = dict.fromkeys(("value", "own error", "timeout", "cancelled", "lost"), 0)

    async with ProcessLane(workers, max_queue=calls, nice=0) as lane:

        async def caller(number: int) -> None:
            seconds = chance.choice([0, 0, 0, 0.001, 0.01, 0.03])
            fails = chance.random() < 0.2
            streams = chance.random() < 0.2
            timeout = chance.choice([None, None, 60, 0.005, 0.05])
            task: asyncio.Task[Any] = asyncio.create_task(
                consume(lane, number, fails=fails, leave=chance.random() < 0.3, timeout=timeout)
                if streams
                else lane.run(work_and_fail if fails else work, number, seconds, timeout=timeout)
            )
            if chance.random() < 0.2:
                asyncio.get_running_loop().call_later(chance.random() * 0.1, task.cancel)
            await asyncio.wait({task})
            if task.cancelled():
                endings["cancelled"] += 1
                return
            error = task.exception()
            if error is None:
                assert task.result() == number
                assert streams or not fails
                endings["value"] += 1
            elif isinstance(error, LookupError):
                assert error.args == (number,)
                assert fails
                endings["own error"] += 1
            elif isinstance(error, LaneTimeout):
                assert timeout is not None
                endings["timeout"] += 1
            else:
                assert isinstance(error, WorkerLost), repr(error)
                assert "SIGKILL" in str(error)
                endings["lost"] += 1

        async def killer() -> None:
            for _ in range(kills):
                await asyncio.sleep(chance.random() * 0.1)
                if lane.pids:
                    os.kill(chance.choice(lane.pids), signal.SIGKILL)

        async with asyncio.timeout(300), asyncio.TaskGroup() as group:
            group.create_task(killer())
            for start in range(0, calls, 25):
                wave = [group.create_task(caller(number)) for number in range(start, min(start + 25, calls))]
                await asyncio.wait(wave, timeout=0.2)
        # A stream that was cancelled still closes its generator, or is killed a second later.
        async with asyncio.timeout(60):
            while lane.statistics().running:
                await asyncio.sleep(0.01)
        now = lane.statistics()
        assert (now.running, now.waiting, now.abandoned) == (0, 0, 0)
        assert await lane.run(work, 7, 0.0) == 7
        assert now.completed + now.failed + now.timed_out + now.cancelled == calls
    return endings
