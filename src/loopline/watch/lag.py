"""How late the loop comes around: a histogram."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from loopline.watch.recent_lag import RecentLag

__all__ = ["BOUNDS", "Lag", "LagHistogram"]

BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # seconds


@dataclass(frozen=True, slots=True)
class Lag:
    """How late the beats of the loops have been so far.

    Attributes:
        counts: How many were at most as late as each of BOUNDS, and not as the one before; the last: later than all.
        total: The sum of it all, in seconds.
        worst: The worst, in seconds.
    """

    counts: tuple[int, ...]
    total: float
    worst: float

    def quantile(self, share: float) -> float:
        """Return the bound below which this share of the beats was, in seconds; the worst, if that is beyond all.

        Args:
            share: From 0 to 1.
        """
        wanted, seen = share * sum(self.counts), 0
        for bound, count in zip(BOUNDS, self.counts, strict=False):
            seen += count
            if seen >= wanted:
                return min(bound, self.worst)
        return self.worst


class LagHistogram:
    """Counts them.

    Attributes:
        recent: The worst of each of the last seconds.
    """

    def __init__(self) -> None:
        self.recent = RecentLag()
        self._counts = [0] * (len(BOUNDS) + 1)
        self._total = 0.0
        self._worst = 0.0

    def count(self, late: float, now: float) -> None:
        """Count one beat.

        Args:
            late: How many seconds it was late.
            now: When it came, by the monotonic clock.
        """
        self.recent.count(late, now)
        self._counts[bisect_left(BOUNDS, late)] += 1
        self._total += late
        if late > self._worst:
            self._worst = late

    def read(self) -> Lag:
        """Return what was counted."""
        return Lag(tuple(self._counts), self._total, self._worst)
