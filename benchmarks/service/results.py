"""What a run has measured: a sample for each service and level, and the medians of its repeats."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.service.generate import Generated, Shot
from benchmarks.service.routes import HEAVY, LIGHT

__all__ = ["LATEST_MS", "LATEST_PART", "Run", "Sample", "sample_of"]

# The generator's own lateness is part of what it measures. Its p99 may be so many milliseconds, or such a part of the
# p99 that was measured; above both, a sample tells nothing of the service.
LATEST_MS = 10.0
LATEST_PART = 0.1


@dataclass(frozen=True, slots=True)
class Sample:
    """One service under one level of load, once.

    Attributes:
        repeat: Which repeat, from 1.
        service: Its name.
        level: The heavy routes' load as a part of capacity.
        p50_ms: Of the light routes, from when a request was due; errors count with the time they took.
        p99_ms: The same.
        errors: Part of the light requests that did not get a 200.
        light: How many of those there were.
        heavy: For each heavy route, answers of each kind a second.
        late_p99_ms: The generator's own lateness.
        generator_cpu: Cores that the generator took.
    """

    repeat: int
    service: str
    level: float
    p50_ms: float
    p99_ms: float
    errors: float
    light: int
    heavy: dict[str, dict[str, float]]
    late_p99_ms: float
    generator_cpu: float

    @property
    def valid(self) -> bool:
        """Whether the generator kept to its schedule."""
        return self.late_p99_ms <= max(LATEST_MS, LATEST_PART * self.p99_ms)


def sample_of(repeat: int, service: str, level: float, generated: Generated, seconds: float) -> Sample:
    """Sum up what a load came to.

    Args:
        repeat: Which repeat.
        service: The service.
        level: Its level.
        generated: What the generator saw.
        seconds: How long the load lasted.
    """
    names = {route.name for route in LIGHT}
    light = [shot for shot in generated.shots if shot.route in names]
    took = [shot.took * 1e3 for shot in light]
    return Sample(
        repeat=repeat,
        service=service,
        level=level,
        p50_ms=percentile(took, 50),
        p99_ms=percentile(took, 99),
        errors=sum(shot.outcome != "ok" for shot in light) / len(light),
        light=len(light),
        heavy={route.name: _a_second(generated.shots, route.name, seconds) for route in HEAVY},
        late_p99_ms=percentile([shot.late * 1e3 for shot in generated.shots], 99),
        generator_cpu=generated.cpu,
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that so many percent of the values do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[-(-len(ranked) * percent // 100) - 1]


def _a_second(shots: Sequence[Shot], name: str, seconds: float) -> dict[str, float]:
    counts = Counter(shot.outcome for shot in shots if shot.route == name)
    return {outcome: count / seconds for outcome, count in sorted(counts.items())}


@dataclass(slots=True)
class Run:
    """One run.

    Attributes:
        machine: Where it ran.
        repeats: How often each service was measured at each level.
        quick: Whether it only was to see that it works.
        services: Their names, ours first.
        levels: Parts of capacity.
        capacity: Answers a second of each heavy route, of all three together, as calibrated.
        light_rate: Requests a second of each light route.
        samples: All that was measured.
        failures: What could not be, and why.
    """

    machine: dict[str, str]
    repeats: int
    quick: bool
    services: tuple[str, ...]
    levels: tuple[float, ...]
    capacity: dict[str, float]
    light_rate: float
    samples: list[Sample] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def of(self, service: str, level: float) -> list[Sample]:
        """Return the samples of a service at a level."""
        return [sample for sample in self.samples if (sample.service, sample.level) == (service, level)]

    def median(self, service: str, level: float, key: str) -> float:
        """Return the median of one figure; nan where there is none."""
        values = [getattr(sample, key) for sample in self.of(service, level)]
        return statistics.median(values) if values else float("nan")

    def as_json(self) -> dict[str, Any]:
        """Return it all as plain data."""
        return asdict(self)
