"""The watch's thread sleeps until a beat does not come, somebody wakes it, or a time has passed."""

from __future__ import annotations

import asyncio
import errno
import os
import select
import sys
import threading
import time

import pytest

from loopline.watch import alarm, libc
from loopline.watch.alarm import Alarm, Sleep
from loopline.watch.finding import Finding
from loopline.watch.watcher import Watcher

LONG = 60.0  # seconds: what takes so long does not end by itself
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there are no alarms")


@on_linux
def test_an_alarm_that_nobody_puts_off_wakes_the_sleeper_and_says_which_it_was() -> None:
    sleep, silent, ringing = Sleep(), Alarm(LONG), Alarm(0.01)
    for one in (silent, ringing):
        sleep.add(one)
        one.put_off()
    assert until(sleep, LONG) == [ringing.descriptor]
    close(sleep, silent, ringing)


@on_linux
def test_an_alarm_wakes_once_for_each_time_that_it_rings() -> None:
    sleep, ringing = Sleep(), Alarm(0.01)
    sleep.add(ringing)
    ringing.put_off()
    assert until(sleep, LONG)
    assert not until(sleep, 0.0)
    ringing.put_off()
    assert until(sleep, LONG)
    close(sleep, ringing)


@on_linux
def test_an_alarm_that_is_heeded_no_more_wakes_nobody() -> None:
    sleep, removed, later = Sleep(), Alarm(0.01), Alarm(0.05)
    for one in (removed, later):
        sleep.add(one)
        one.put_off()
    sleep.remove(removed)
    assert until(sleep, LONG) == [later.descriptor]
    close(sleep, removed, later)


@on_linux
def test_files_that_were_opened_are_closed() -> None:
    before = os.listdir("/proc/self/fd")
    sleep, ringing = Sleep(), Alarm(LONG)
    sleep.add(ringing)
    close(sleep, ringing)
    assert len(os.listdir("/proc/self/fd")) == len(before)


@pytest.mark.parametrize("here", [pytest.param(True, marks=on_linux), False], ids=["alarms", "no alarms"])
def test_who_sleeps_can_be_woken_and_who_is_woken_before_does_not_fall_asleep(
    here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarm, "timer_descriptors", here)
    sleep = Sleep()
    sleep.wake()
    assert until(sleep, LONG) == []
    waking = threading.Timer(0.01, sleep.wake)
    waking.start()
    assert until(sleep, LONG) == []
    waking.join()
    assert until(sleep, 0.0) == []
    sleep.close()
    sleep.wake()


@on_linux
def test_where_the_kernel_gives_no_timer_no_alarm_rings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libc, "_create_descriptor", lambda *_: -1)
    sleep, silent = Sleep(), Alarm(0.0)
    sleep.add(silent)
    silent.put_off()
    assert silent.descriptor == -1
    assert not until(sleep, 0.01)
    close(sleep, silent)


@on_linux
def test_where_no_more_files_can_be_opened_the_alarm_is_closed_and_the_sleeper_can_be_woken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(select, "epoll", refuse)
    sleep, silent = Sleep(), Alarm(LONG)
    sleep.add(silent)
    assert silent.descriptor == -1
    sleep.wake()
    assert until(sleep, LONG) == []
    close(sleep, silent)


@pytest.mark.loopline(off=True)
@pytest.mark.parametrize("lacking", ["none of the functions", "a timer"])
def test_without_alarms_the_watch_looks_now_and_then_and_finds_the_same(
    lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lacking == "a timer":
        monkeypatch.setattr(libc, "_create_descriptor", lambda *_: -1)
    else:
        monkeypatch.setattr(alarm, "timer_descriptors", False)
    told: list[Finding] = []
    watcher = Watcher(threshold=0.1, tell=lambda finding, _: told.append(finding))

    async def block() -> None:
        watcher.add_loop()
        await asyncio.sleep(0.1)
        time.sleep(0.5)  # loopline: ignore[LL101]
        await asyncio.sleep(0.1)
        watcher.remove_loop(asyncio.get_running_loop())

    asyncio.run(block())
    watcher.settle()
    assert [finding.call for finding in told if finding.kind == "blocking"] == ["time.sleep"]


def test_who_was_woken_knows_since_when() -> None:
    sleep = Sleep()
    before = time.monotonic()
    sleep.wake()
    sleep.wake()
    after = time.monotonic()
    while time.monotonic() < after + 0.01:
        pass
    assert before <= sleep.until(after + LONG)[0] <= after
    planned = time.monotonic() + 0.01
    assert sleep.until(planned) == (planned, [])
    sleep.close()


def until(sleep: Sleep, seconds: float) -> list[int]:
    """Sleep for so long at most; return the alarms that have rung."""
    return sleep.until(time.monotonic() + seconds)[1]


def close(sleep: Sleep, *alarms: Alarm) -> None:
    sleep.close()
    for one in alarms:
        one.close()
