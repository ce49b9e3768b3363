"""What a run has measured: its samples, and the ratios that count."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["CASES", "TARGET", "Case", "Run", "Sample"]

TARGET = 0.98  # of the requests a second without anybody who looks


@dataclass(frozen=True, slots=True)
class Case:
    """What is compared.

    Attributes:
        name: Its name.
        is_open: Whether somebody looks.
        jobs: How many there are in the database.
    """

    name: str
    is_open: bool
    jobs: int


MANY = 100_000
CLOSED = Case("closed", False, 0)
CASES = (CLOSED, Case("open", True, 0), Case(f"open, {MANY:,} jobs", True, MANY))


@dataclass(frozen=True, slots=True)
class Sample:
    """One case, once.

    Attributes:
        repeat: Which repeat, from 1.
        case: Its name.
        per_second: Answers.
        events: That came to who looked.
        characters: Of these.
    """

    repeat: int
    case: str
    per_second: float
    events: int
    characters: int


@dataclass(slots=True)
class Run:
    """One run.

    Attributes:
        machine: Where it ran.
        repeats: How often each case was measured.
        seconds: How long each time.
        quick: Whether it only was to see that it works.
        samples: All that was measured.
        failures: What could not be measured, and why.
    """

    machine: dict[str, str]
    repeats: int
    seconds: float
    quick: bool
    samples: list[Sample] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def rate(self, case: str) -> float | None:
        """Return the median of the answers a second of a case."""
        rates = [sample.per_second for sample in self.samples if sample.case == case]
        return statistics.median(rates) if rates else None

    def ratios(self, case: str) -> list[float]:
        """Return what is left of the answers a second that the same repeat had without anybody who looks."""
        closed = {sample.repeat: sample.per_second for sample in self.samples if sample.case == CLOSED.name}
        return [
            sample.per_second / closed[sample.repeat]
            for sample in self.samples
            if sample.case == case and sample.repeat in closed
        ]

    def as_json(self) -> dict[str, Any]:
        """Return it all as plain data."""
        return asdict(self)
