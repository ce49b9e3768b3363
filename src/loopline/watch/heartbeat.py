"""A heartbeat on an event loop: a timer that says when the loop last came around."""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
from time import monotonic

from loopline.watch.alarm import Alarm
from loopline.watch.clocks import Reading, ThreadClock
from loopline.watch.lag import LagHistogram
from loopline.watch.others import Others
from loopline.watch.witness import Witness

__all__ = ["INTERVAL", "LATE", "Heartbeat"]

INTERVAL = 0.02  # seconds between two beats
LATE = 0.015  # a heart that is late by more is looked at
NOTED = 2  # beats from one note of what the threads have computed to the next
WITNESSED = 2 * INTERVAL  # seconds of processor time that a loop which is well never uses between two beats


class Heartbeat:
    """Beats on the running loop from ``start`` to ``stop``; read from the watch's thread.

    Args:
        lag: Where each beat's lateness is counted.

    Attributes:
        loop: The loop.
        thread: Python's number for its thread.
        alarm: Rings when a beat is late.
        clock: The clocks of its thread.
        reading: What they showed at about the last beat.
        before: What was known of them before it.
        others: How much the other threads have computed since about the last beat.
        witness: Sees what its thread does once it has computed for too long.
        count: How often it has beaten.
        base: How many frames of its thread's stack run the loop itself; 0 as long as that is not known.
        due: When the next beat should come, by the monotonic clock.
        beaten: When the last one came.
        was_due: When the last one should have come.
    """

    def __init__(self, lag: LagHistogram) -> None:
        self.loop = asyncio.get_running_loop()
        self.thread = threading.get_ident()
        self.alarm = Alarm(INTERVAL + LATE)
        self.clock = ThreadClock(threading.get_native_id())
        self.before: Reading | None = None
        self.reading = self.clock.read()
        self.others = Others()
        self.count = 0
        self.base = 0
        self.was_due = self.beaten = monotonic()
        self.due = self.beaten
        self.witness = Witness(WITNESSED)
        self._lag = lag
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to beat, at once. To be called in a task of the loop, whose stack says which frames run the loop."""
        coroutine = getattr(asyncio.current_task(self.loop), "get_coro", lambda: None)()
        frame = getattr(coroutine, "cr_frame", None)
        if frame is not None:
            self.base = self.witness.base = len(list(traceback.walk_stack(frame.f_back)))
        self.alarm.put_off()
        self._timer = self.loop.call_later(0, self._beat)

    def stop(self) -> None:
        """Beat no more. To be called on the loop, or once it is closed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.alarm.close()
        self.clock.close()
        self.witness.close()

    def _beat(self) -> None:
        now = monotonic()
        if not self.count:  # a task that began at once, inside of another, has said too many
            self.base = self.witness.base = len(list(traceback.walk_stack(sys._getframe(1))))
        self._lag.count(now - self.due, now)
        self.before = self.reading
        if not self.count % NOTED:
            self.reading = self.clock.read()
            self.others.note()
        self.was_due, self.beaten, self.due = self.due, now, now + INTERVAL
        self.count += 1
        self.witness.set()
        self.alarm.put_off()
        self._timer = self.loop.call_later(INTERVAL, self._beat)
