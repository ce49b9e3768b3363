"""What a run has measured: its samples and their medians."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

from benchmarks.jobs.registry import CONTENDERS, LEFT_OUT, Entry, missing

__all__ = ["Failure", "Run", "Sample"]

Figures: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """One measure of one contender, once.

    Attributes:
        repeat: Which repeat, from 1; 0 for what a run measures once.
        measure: Its name.
        contender: Whose.
        kind: On which store.
        variant: Which of several.
        figures: What was measured.
    """

    repeat: int
    measure: str
    contender: str
    kind: str
    variant: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Failure:
    """One measure of one contender that failed.

    Attributes:
        repeat: Which repeat, from 1; 0 for what a run measures once.
        measure: Its name.
        contender: Whose.
        kind: On which store.
        variant: Which of several.
        why: What happened.
    """

    repeat: int
    measure: str
    contender: str
    kind: str
    variant: str
    why: str


@dataclass(slots=True)
class Run:
    """One run.

    Attributes:
        machine: Where it ran.
        stores: PostgreSQL and Redis, and how they are set.
        repeats: How often each case was measured.
        quick: Whether it only was to see that it works.
        samples: All that was measured.
        failures: What could not be measured, and why.
    """

    machine: dict[str, str]
    stores: dict[str, str]
    repeats: int
    quick: bool
    samples: list[Sample] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def values(self, measure: str, entry: Entry, variant: str, key: str) -> list[float]:
        """Return one figure of all repeats."""
        wanted = (measure, entry.name, entry.kind, variant)
        return [
            sample.figures[key]
            for sample in self.samples
            if (sample.measure, sample.contender, sample.kind, sample.variant) == wanted and key in sample.figures
        ]

    def median(self, measure: str, entry: Entry, variant: str, key: str) -> float:
        """Return the median of one figure; nan where there is none."""
        values = self.values(measure, entry, variant, key)
        return statistics.median(values) if values else float("nan")

    def ratio(self, measure: str, entry: Entry, variant: str, key: str, to: str) -> float:
        """Return the median of the ratios of two figures that were measured together; nan where there are none."""
        above, below = (self.values(measure, entry, variant, name) for name in (key, to))
        return statistics.median(a / b for a, b in zip(above, below, strict=True)) if above else float("nan")

    def failed(self, measure: str, entry: Entry) -> bool:
        """Return whether a measure of a contender failed, in any repeat."""
        wanted = (measure, entry.name, entry.kind)
        return any((failure.measure, failure.contender, failure.kind) == wanted for failure in self.failures)

    def as_json(self) -> dict[str, Any]:
        """Return it all as plain data."""
        return {
            "machine": self.machine,
            "stores": self.stores,
            "repeats": self.repeats,
            "quick": self.quick,
            "contenders": [asdict(entry) | {"left_out": missing(entry) or None} for entry in CONTENDERS],
            "left_out": LEFT_OUT,
            "samples": [asdict(sample) for sample in self.samples],
            "failures": [asdict(failure) for failure in self.failures],
        }
