"""What a run has measured: its samples and their medians."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Run", "Sample"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One measure at one size, once.

    Attributes:
        repeat: Which repeat, from 1.
        measure: Its name.
        size: Workers, jobs, items or clients.
        figures: What was measured.
    """

    repeat: int
    measure: str
    size: int
    figures: dict[str, float]


@dataclass(slots=True)
class Run:
    """One run.

    Attributes:
        machine: Where it ran.
        database: PostgreSQL, and how it is set.
        repeats: How often each case was measured.
        quick: Whether it only was to see that it works.
        samples: All that was measured.
        failures: What could not be measured, and why.
    """

    machine: dict[str, str]
    database: str
    repeats: int
    quick: bool
    samples: list[Sample] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def medians(self, measure: str, key: str) -> dict[int, float]:
        """Return the medians of one figure, by size."""
        found: dict[int, list[float]] = {}
        for sample in self.samples:
            if sample.measure == measure and key in sample.figures:
                found.setdefault(sample.size, []).append(sample.figures[key])
        return {size: statistics.median(values) for size, values in sorted(found.items())}

    def as_json(self) -> dict[str, Any]:
        """Return it all as plain data."""
        return asdict(self)
