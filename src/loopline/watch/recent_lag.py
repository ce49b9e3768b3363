"""The worst lag of each of the last seconds: what a chart shows at once when it is opened."""

from __future__ import annotations

from collections import deque
from time import monotonic

__all__ = ["SECONDS", "RecentLag"]

SECONDS = 120  # that are kept


class RecentLag:
    """Keeps the worst lag of each second. Written by the loops' own threads, read from any."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, float]] = deque(maxlen=SECONDS)
        self._second = 0
        self._worst = 0.0

    def count(self, late: float, now: float) -> None:
        """Count one beat, in the second in which it comes.

        Args:
            late: How many seconds it was late.
            now: The time, by the monotonic clock.
        """
        second = int(now)
        if second != self._second:
            if self._second:
                self._seconds.append((self._second, self._worst))
            self._second, self._worst = second, late
        elif late > self._worst:
            self._worst = late

    def read(self) -> list[tuple[int, float]]:
        """Return the seconds that are over, by the monotonic clock, each with the worst lag in it, in seconds."""
        since = monotonic() - SECONDS
        return [one for one in list(self._seconds) if one[0] > since]
