"""How much a thread has computed, and how long it waited for a processor: what tells waiting from computing."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass

from loopline.watch.libc import pread

__all__ = ["Reading", "ThreadClock", "cpu_seconds"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a thread's clocks show, in seconds since it began.

    Attributes:
        cpu: It computed.
        waited: It could have computed, but had no processor.
        turns: How often it was given one.
    """

    cpu: float
    waited: float
    turns: int

    def __sub__(self, earlier: Reading) -> Reading:
        """Return what has happened since an earlier reading."""
        return Reading(self.cpu - earlier.cpu, self.waited - earlier.waited, self.turns - earlier.turns)


class ThreadClock:
    """The clocks of one thread of this process, where there are some: on Linux.

    Args:
        native: The system's number for the thread (``threading.get_native_id()``).
    """

    def __init__(self, native: int) -> None:
        self._native = native
        try:
            self._schedstat = os.open(f"/proc/self/task/{native}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._schedstat = -1

    def read(self) -> Reading | None:
        """Read them; None if the system has none, or the thread is gone."""
        if self._schedstat < 0:
            return None
        try:
            _, waited, turns = pread(self._schedstat, 100).split()
        except (OSError, ValueError):
            return None
        cpu = cpu_seconds(self._native)  # the first figure of the file is as old as the scheduler's last tick
        return None if cpu is None else Reading(cpu, int(waited) / 1e9, int(turns))

    def close(self) -> None:
        """Let the file go."""
        if self._schedstat >= 0:
            os.close(self._schedstat)
            self._schedstat = -1


def cpu_seconds(native: int) -> float | None:
    """Return how long a thread of this process has computed; None if the system doesn't tell, or it is gone.

    The clock's number is put together as the C library does (``pthread_getcpuclockid``), which reads the memory of a
    thread that may be gone; the kernel only says that there is none.
    """
    if sys.platform != "linux":
        return None
    try:
        return time.clock_gettime((~native << 3) | 6)
    except OSError:
        return None
