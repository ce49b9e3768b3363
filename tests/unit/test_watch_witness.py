"""The witness sees, in the loop's own thread, what ends a long computation."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator

import pytest

from loopline.watch import libc, witness
from loopline.watch.frames import stack_of
from loopline.watch.glimpse import Glimpse
from loopline.watch.witness import Witness

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.loopline(off=True),
    pytest.mark.skipif(not libc.thread_timers, reason="this system has no timers of a thread's processor time"),
]


@pytest.fixture
async def seer() -> AsyncIterator[Witness]:
    made = Witness(0.01)
    yield made
    made.close()


def functions(seen: Glimpse | None) -> list[str]:
    return [] if seen is None else [step.place.function for step in seen.stack]


async def test_who_computes_for_long_is_seen_with_its_task(seer: Witness) -> None:
    seer.set()

    async def compute() -> None:
        until = time.thread_time() + 0.2
        while time.thread_time() < until:
            sum(range(1000))

    await asyncio.create_task(compute(), name="the long one")
    assert any(function.endswith("compute") for function in functions(seer.seen))
    assert seer.seen is not None
    assert seer.seen.owner.name == "the long one"


async def test_who_waits_is_not_looked_at(seer: Witness) -> None:
    seer.set()
    time.sleep(0.05)
    assert seer.seen is None


async def test_what_is_seen_is_what_the_signal_interrupted(seer: Witness) -> None:
    signal.raise_signal(signal.SIGURG)
    assert functions(seer.seen)[0] == "test_what_is_seen_is_what_the_signal_interrupted"


async def test_what_was_seen_before_some_time_is_not_told_for_it(seer: Witness) -> None:
    before = time.monotonic()
    signal.raise_signal(signal.SIGURG)
    assert seer.seen_since(before) is seer.seen
    assert seer.seen_since(time.monotonic()) is None


async def test_who_looks_at_the_thread_while_the_witness_does_sees_what_runs_beneath(
    seer: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def glimpse_of(*_: object) -> None:
        seen.append(stack_of(seer.beneath(sys._getframe(1)))[0].place.function)

    monkeypatch.setattr(witness, "glimpse_of", glimpse_of)
    signal.raise_signal(signal.SIGURG)
    assert seen == ["test_who_looks_at_the_thread_while_the_witness_does_sees_what_runs_beneath"]


async def test_a_thread_that_the_witness_does_not_look_at_is_seen_as_it_is(seer: Witness) -> None:
    frame = sys._getframe()
    assert seer.beneath(frame) is frame


async def test_what_fails_in_the_witness_does_not_fail_in_the_application(
    seer: Witness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(witness, "glimpse_of", lambda *_: 1 / 0)
    signal.raise_signal(signal.SIGURG)
    assert "ZeroDivisionError" in caplog.text


async def test_a_program_that_handles_the_signal_itself_has_no_witness() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGURG, lambda number, frame: heard.append(number))
    try:
        none = Witness(0.01)
        none.set()
        signal.raise_signal(signal.SIGURG)
        none.close()
        assert (heard, none.seen) == ([signal.SIGURG], None)
    finally:
        signal.signal(signal.SIGURG, before)


async def test_a_program_that_begins_to_handle_the_signal_is_given_it(seer: Witness) -> None:
    signal.signal(signal.SIGURG, signal.SIG_IGN)
    seer.set()
    seer.close()
    assert signal.getsignal(signal.SIGURG) is signal.SIG_IGN
    signal.signal(signal.SIGURG, signal.SIG_DFL)


async def test_a_witness_that_is_closed_leaves_the_signal_as_it_was(seer: Witness) -> None:
    assert signal.getsignal(signal.SIGURG) is not signal.SIG_DFL
    seer.close()
    assert signal.getsignal(signal.SIGURG) is signal.SIG_DFL


async def test_a_witness_that_another_thread_has_closed_makes_room_for_the_next(seer: Witness) -> None:
    closing = threading.Thread(target=seer.close)
    closing.start()
    closing.join()
    following = Witness(0.01)
    signal.raise_signal(signal.SIGURG)
    following.close()
    assert (seer.seen, functions(following.seen)[0]) == (
        None,
        "test_a_witness_that_another_thread_has_closed_makes_room_for_the_next",
    )
    assert signal.getsignal(signal.SIGURG) is signal.SIG_DFL


async def test_a_loop_in_another_thread_has_no_witness() -> None:
    handlers: list[object] = []

    async def live() -> None:
        none = Witness(0.01)
        none.set()
        handlers.append(signal.getsignal(signal.SIGURG))
        none.close()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    thread.join()
    assert handlers == [signal.SIG_DFL]


async def test_where_the_kernel_gives_no_timer_there_is_no_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libc, "_create", lambda *_: -1)
    Witness(0.01).set()
    assert signal.getsignal(signal.SIGURG) is signal.SIG_DFL
