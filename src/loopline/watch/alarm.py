"""An alarm: a timer that each beat of a heart puts off, so that the watch's thread sleeps while all is well.

To wake a thread now and then, only to see that all is well, costs a busy program far more than that thread's own work:
it must let the GIL go, and wait to have it back. A timer of the kernel's (timerfd_create(2)) is put off in a
microsecond, and wakes nobody until a beat does not come.
"""

from __future__ import annotations

import os
import select
import threading
from contextlib import suppress
from math import inf
from time import monotonic

from loopline.watch.libc import TimerDescriptor, timer_descriptors

__all__ = ["Alarm", "Sleep"]


class Alarm:
    """Rings once a heart has not beaten for so long; where that can be, which is on Linux.

    Args:
        seconds: From the last beat.

    Attributes:
        descriptor: The file that can be read once it has rung; -1 if it never does.
    """

    def __init__(self, seconds: float) -> None:
        self._timer: TimerDescriptor | None = None
        self.descriptor = -1
        if timer_descriptors:
            try:
                self._timer = TimerDescriptor(seconds)
            except OSError:
                return
            self.descriptor = self._timer.descriptor

    def put_off(self) -> None:
        """Let it ring later: so many seconds from now."""
        if self._timer is not None:
            self._timer.set()

    def close(self) -> None:
        """Never ring again."""
        timer, self._timer, self.descriptor = self._timer, None, -1
        if timer is not None:
            timer.close()


class Sleep:
    """How the watch's thread sleeps: until an alarm rings, somebody wakes it, or a time has passed."""

    def __init__(self) -> None:
        self._woken = threading.Event()  # where there are no alarms
        self._called = inf  # when it was woken, and has not noticed yet
        self._lock = threading.RLock()  # a collection of garbage may find something to tell of at any moment
        self._poll: select.epoll | None = None
        self._bell = -1
        if timer_descriptors:
            with suppress(OSError):  # the process has all the files open that it may have
                self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
                self._poll = select.epoll()
                self._poll.register(self._bell, select.EPOLLIN)

    def add(self, alarm: Alarm) -> None:
        """Heed an alarm, too. Where that can't be, it is closed."""
        if self._poll is None:
            alarm.close()
        elif alarm.descriptor >= 0:
            # Told once for each time that it rings, though nobody reads the file.
            self._poll.register(alarm.descriptor, select.EPOLLIN | select.EPOLLET)

    def remove(self, alarm: Alarm) -> None:
        """Heed it no more; before it is closed."""
        if self._poll is not None and alarm.descriptor >= 0:
            self._poll.unregister(alarm.descriptor)

    def until(self, when: float) -> tuple[float, list[int]]:
        """Sleep until some time at most, by the monotonic clock.

        Returns:
            When the sleep was to end, if no alarm has ended it: then, or when somebody called ``wake``; and the
            descriptors of the alarms that have rung.
        """
        seconds, rung = max(0.0, when - monotonic()), []
        if self._poll is None:
            woken = self._woken.wait(seconds)
            self._woken.clear()
        else:
            rung = [descriptor for descriptor, _ in self._poll.poll(seconds)]
            woken = self._bell in rung
            if woken:
                rung.remove(self._bell)
                os.eventfd_read(self._bell)
        if woken:
            when, self._called = min(when, self._called), inf
        return when, rung

    def wake(self) -> None:
        """Wake the thread, or have it not fall asleep. Harmless once it is closed."""
        self._called = min(self._called, monotonic())
        self._woken.set()
        with self._lock:
            if self._bell >= 0:
                os.eventfd_write(self._bell, 1)

    def close(self) -> None:
        """Let the files go. Nobody sleeps any more."""
        with self._lock:
            if self._poll is not None:
                self._poll.close()
            if self._bell >= 0:
                os.close(self._bell)
                self._bell = -1
