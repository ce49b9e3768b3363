"""What ends calls that were given up, each in its time: one thread, whatever their number."""

from __future__ import annotations

import threading
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

__all__ = ["Reaper"]


class Reaper:
    """Ends what it is given, once its time has come, from a daemon thread.

    Args:
        end: What ends it. It must not raise.
    """

    def __init__(self, end: Callable[[Any], None]) -> None:
        self._end = end
        self._numbers = count()
        self._given: SimpleQueue[tuple[float, int, Any]] = SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def end_at(self, when: float, thing: Any) -> None:
        """End a thing at a time by the monotonic clock, which may be over."""
        self._given.put((when, next(self._numbers), thing))

    def _run(self) -> None:
        due: list[tuple[float, int, Any]] = []
        while True:
            try:
                heappush(due, self._given.get(timeout=max(0.0, due[0][0] - monotonic()) if due else None))
            except Empty:
                self._end(heappop(due)[2])
