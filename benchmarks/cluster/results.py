"""What a run has measured: its samples, their medians, and the aim they are held against."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import Any

from benchmarks.cluster.contenders import BY_HAND, OURS
from benchmarks.cluster.measures import SIZES, Sample

__all__ = ["AIM", "Run"]

AIM = 1.10  # what RayLane may take of the time that Ray takes by hand


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

    def as_json(self) -> dict[str, Any]:
        """Return it all as plain data."""
        return {
            "machine": self.machine,
            "repeats": self.repeats,
            "quick": self.quick,
            "RayLane / Ray by hand": {size: _plain(self.added(size)) for size in SIZES},
            "samples": [{"repeat": repeat, "contender": name, **sample} for repeat, name, sample in self.samples],
            "failures": self.failures,
        }


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
