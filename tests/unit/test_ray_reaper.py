"""What ends calls that were given up."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from time import monotonic

from loopline.lanes._ray_reaper import Reaper


def test_things_are_ended_in_the_order_of_their_times_not_before_and_by_one_thread() -> None:
    ended: SimpleQueue[tuple[str, float, threading.Thread]] = SimpleQueue()
    reaper = Reaper(lambda thing: ended.put((thing, monotonic(), threading.current_thread())))
    now = monotonic()
    threads = threading.active_count()
    times = {"last": now + 0.3, "second": now + 0.15, "at once": now - 1.0}
    for thing, when in times.items():
        reaper.end_at(when, thing)
    seen = [ended.get(timeout=60) for _ in times]
    assert [thing for thing, _, _ in seen] == ["at once", "second", "last"]
    assert all(at >= times[thing] for thing, at, _ in seen)
    assert len({thread for _, _, thread in seen}) == 1
    assert threading.active_count() == threads


def test_a_thousand_things_given_at_once_are_all_ended() -> None:
    ended: SimpleQueue[int] = SimpleQueue()
    reaper = Reaper(ended.put)
    when = monotonic() + 0.01
    for number in range(1000):
        reaper.end_at(when, number)
    assert [ended.get(timeout=60) for _ in range(1000)] == list(range(1000))
