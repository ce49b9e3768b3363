"""How long things took: a histogram of fixed size, since the beginning and of the last minute or two."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic

__all__ = ["BOUNDS", "DurationCounter", "Durations"]

# Seconds. From half a millisecond to 100 s, ten to a decade (the series R10 of ISO 3, which has 1, 2, 2.5 and 5 in it):
# a quantile is off by a quarter at most, and the usual bounds of Prometheus are among them.
_STEPS = (1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0)
BOUNDS = tuple(
    bound for power in range(-4, 3) for step in _STEPS if 0.0005 <= (bound := float(f"{step}e{power}")) <= 100
)
WINDOW = 60.0  # seconds that "recent" goes back, or up to twice as many


@dataclass(frozen=True, slots=True)
class Durations:
    """What was counted.

    Attributes:
        counts: How many took at most each of BOUNDS, and more than the one before; the last: longer than all.
        total: Seconds that they took together.
        seconds: Over how long a time they were counted.
    """

    counts: tuple[int, ...]
    total: float
    seconds: float

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)

    def quantile(self, share: float) -> float | None:
        """Return the seconds that this share of them took at most, about; None if there were none.

        Args:
            share: From 0 to 1.
        """
        wanted, seen, below = share * self.count, 0, 0.0
        if not wanted:
            return None
        for count, bound in zip(self.counts, BOUNDS, strict=False):
            if count and seen + count >= wanted:
                return below + (bound - below) * (wanted - seen) / count
            seen, below = seen + count, bound
        return BOUNDS[-1]

    @staticmethod
    def together(several: Iterable[Durations]) -> Durations:
        """Return what was counted in several places as one."""
        each = list(several)
        counts = tuple(map(sum, zip(*(one.counts for one in each), strict=True)))
        return Durations(counts or _NONE, sum(one.total for one in each), max((one.seconds for one in each), default=0))


_NONE = (0,) * (len(BOUNDS) + 1)


@dataclass(frozen=True, slots=True)
class _Mark:
    at: float
    counts: tuple[int, ...]
    total: float


class DurationCounter:
    """Counts durations. To be used from one thread; it may be read from any."""

    __slots__ = ("_counts", "_last", "_older", "_total", "_until")

    def __init__(self) -> None:
        now = monotonic()
        self._counts = list(_NONE)
        self._total = 0.0
        self._older = self._last = _Mark(now, _NONE, 0.0)
        self._until = now + WINDOW

    def count(self, took: float, now: float) -> None:
        """Count one.

        Args:
            took: Its seconds.
            now: The time, by the monotonic clock.
        """
        if now >= self._until:
            self._turn(now)
        self._counts[bisect_left(BOUNDS, took)] += 1
        self._total += took

    def ever(self) -> Durations:
        """Return all that was counted."""
        return Durations(tuple(self._counts), self._total, 0.0)

    def recent(self) -> Durations:
        """Return what was counted in the last minute or two."""
        now = monotonic()
        if now >= self._until:
            self._turn(now)
        older = self._older
        counts = tuple(count - before for count, before in zip(self._counts, older.counts, strict=True))
        return Durations(counts, self._total - older.total, now - older.at)

    def recent_total(self) -> float:
        """Return the seconds that those of the last minute or two took together, which is quicker to say."""
        if (now := monotonic()) >= self._until:
            self._turn(now)
        return self._total - self._older.total

    def _turn(self, now: float) -> None:
        # After a long time without any, what was counted before is not recent.
        mark = _Mark(now, tuple(self._counts), self._total)
        self._older, self._last = (mark if now >= self._until + WINDOW else self._last), mark
        self._until = now + WINDOW
