"""What a run has measured: its samples, their medians, and the aim they are held against."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from benchmarks.cluster.contenders import BY_HAND, OURS
from benchmarks.cluster.measures import SIZES, Sample

__all__ = ["AIM", "WORTH", "Run"]

AIM = 1.10  # what RayLane may take of the time that Ray takes by hand
WORTH = 0.8  # of the processors: tasks that get so much are worth sending


@dataclass(slots=True)
class Run:
    """One run.

    Attributes:
        machine: Where it ran.
        repeats: How often each contender was measured.
        quick: Whether it only was to see that it works.
        contenders: Their names.
        samples: Repeat, contender and what was measured.
        failures: What could not be measured, and why.
    """

    machine: dict[str, str]
    repeats: int
    quick: bool
    contenders: tuple[str, ...]
    samples: list[tuple[int, str, Sample]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def median(self, name: str, key: str) -> float:
        """Return the median, or nan where nothing was measured."""
        values = [sample[key] for _, who, sample in self.samples if who == name and key in sample]
        return statistics.median(values) if values else math.nan

    def added(self, size: int) -> float:
        """Return RayLane's time of a call as a multiple of that of Ray by hand."""
        return self.median(OURS, f"latency_us_{size}") / self.median(BY_HAND, f"latency_us_{size}")

    def worth_from(self, name: str) -> float | None:
        """Return from how many milliseconds on tasks get ``WORTH`` of the processors; None if they never do.

        Between two sizes it is found on a straight line over the logarithm of the size. The smallest stands for
        itself and less.
        """
        shares = [(size, self.median(name, f"share_{size}")) for size in SIZES if size]
        if shares[0][1] >= WORTH:
            return shares[0][0]
        for (less, low), (more, high) in pairwise(shares):
            if low < WORTH <= high:
                return float(less * (more / less) ** ((WORTH - low) / (high - low)))
        return None

    def as_json(self) -> dict[str, Any]:
        """Return it all as plain data."""
        return {
            "machine": self.machine,
            "repeats": self.repeats,
            "quick": self.quick,
            "RayLane / Ray by hand": {size: _plain(self.added(size)) for size in SIZES},
            f"ms from which on tasks get {WORTH:.0%}": {name: self.worth_from(name) for name in self.contenders},
            "samples": [{"repeat": repeat, "contender": name, **sample} for repeat, name, sample in self.samples],
            "failures": self.failures,
        }


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
