"""What a run has measured: its samples, and the ratios that count."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["CASES", "TARGET", "Case", "Idle", "Run", "Sample"]

TARGET = 0.98  # of the requests a second without anybody who looks


@dataclass(frozen=True, slots=True)
class Case:
    """What is looked at.

    Attributes:
        name: Its name.
        jobs: How many there are in the database.
    """

    name: str
    jobs: int


CASES = (Case("no jobs", 0), Case("100,000 jobs", 100_000))


@dataclass(frozen=True, slots=True)
class Sample:
    """One service for a time with the dashboard open, and beside that for a time with it closed.

    Attributes:
        repeat: Which service of this case, from 1.
        case: Its name.
        closed: Answers a second with nobody who looks.
        opened: With somebody.
        characters: A second, of the events that came to who looked.
    """

    repeat: int
    case: str
    closed: float
    opened: float
    characters: float

    @property
    def ratio(self) -> float:
        """What is left of the answers."""
        return self.opened / self.closed


@dataclass(frozen=True, slots=True)
class Idle:
    """One service that nobody asks for anything, with the dashboard closed and open.

    Attributes:
        repeat: Which service of this case, from 1.
        case: Its name.
        closed: Seconds of a processor that it takes a second, with nobody who looks.
        opened: With somebody.
    """

    repeat: int
    case: str
    closed: float
    opened: float

    @property
    def share(self) -> float:
        """What of a processor the open dashboard takes."""
        return self.opened - self.closed


@dataclass(slots=True)
class Run:
    """One run.

    Attributes:
        machine: Where it ran.
        repeats: How many services there were of each case.
        pairs: How often each was measured closed and open.
        seconds: How long each time.
        quick: Whether it only was to see that it works.
        samples: All that was measured of services that are asked as fast as they answer.
        idle: And of those that nobody asks.
        failures: What could not be measured, and why.
    """

    machine: dict[str, str]
    repeats: int
    pairs: int
    seconds: float
    quick: bool
    samples: list[Sample] = field(default_factory=list)
    idle: list[Idle] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def of(self, case: str) -> list[Sample]:
        """Return what was measured of a case."""
        return [sample for sample in self.samples if sample.case == case]

    def idle_of(self, case: str) -> list[Idle]:
        """Return what was measured of a case that nobody asks."""
        return [one for one in self.idle if one.case == case]

    def as_json(self) -> dict[str, Any]:
        """Return it all as plain data."""
        return asdict(self)
