"""What a run has measured: its samples, their medians, and the targets they are held against."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["LIMIT", "OURS", "Run", "Sample", "Target", "targets"]

Sample = dict[str, float | None]

LIMIT = "raw socket pair"
OURS = "ProcessLane"


@dataclass(slots=True)
class Run:
    """One run.

    Attributes:
        machine: Where it ran.
        repeats: How often each contender was measured on each loop.
        quick: Whether it only was to see that it works.
        loops: The event loops.
        contenders: The pools, ours first.
        samples: Repeat, loop, contender and what was measured. The limit has no loop.
        failures: What could not be measured, and why.
    """

    machine: dict[str, str]
    repeats: int
    quick: bool
    loops: tuple[str, ...]
    contenders: tuple[str, ...]
    samples: list[tuple[int, str, str, Sample]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def peers(self) -> tuple[str, ...]:
        """The contenders but ours."""
        return tuple(name for name in self.contenders if name != OURS)

    def values(self, loop: str, name: str | None, key: str) -> list[float]:
        """Return what was measured, of one contender or of all on that loop; inf is for what never came."""
        return [
            math.inf if (value := sample[key]) is None else value
            for _, on, who, sample in self.samples
            if (who == LIMIT or on == loop) and name in (None, who) and key in sample
        ]

    def median(self, loop: str, name: str | None, key: str) -> float:
        """Return the median, or nan where nothing was measured."""
        values = self.values(loop, name, key)
        return statistics.median(values) if values else math.nan

    def as_json(self) -> dict[str, Any]:
        """Return it all as plain data."""
        return {
            "machine": self.machine,
            "repeats": self.repeats,
            "quick": self.quick,
            "targets": [
                {"loop": loop, "target": target.what, "bound": target.bound, "figure": _plain(target.figure)}
                | {"reached": target.reached}
                for loop in self.loops
                for target in targets(self, loop)
            ],
            "samples": [
                {"repeat": repeat, "loop": loop or None, "contender": name, **sample}
                for repeat, loop, name, sample in self.samples
            ],
            "failures": self.failures,
        }


@dataclass(frozen=True, slots=True)
class Target:
    """A target, and what came of it.

    Attributes:
        what: The ratio in words.
        bound: As it is written, "≤ 3".
        figure: The ratio that was measured; nan if it was not.
        reached: Whether it is within its bound.
        parts: The two figures that make the ratio.
    """

    what: str
    bound: str
    figure: float
    reached: bool
    parts: str


def targets(run: Run, loop: str) -> Iterator[Target]:
    """Hold the medians of one loop against what ProcessLane set out to reach."""

    def ours(key: str) -> float:
        return run.median(loop, OURS, key)

    def best(key: str) -> tuple[float, str]:
        medians = {peer: run.median(loop, peer, key) for peer in run.peers}
        if any(math.isnan(median) for median in medians.values()):
            return math.nan, "a peer is missing"  # it might have been the best
        name = max(medians, key=medians.__getitem__)
        return medians[name], name

    latency = "latency_p50_us"
    yield _at_most("latency p50 / raw limit", 3, ours(latency), run.median(loop, LIMIT, latency), LIMIT, "µs")
    executor = "ProcessPoolExecutor"
    yield _at_most(
        f"latency p50 / {executor}", 1 / 3, ours(latency), run.median(loop, executor, latency), executor, "µs"
    )
    for what, key, bound, unit in (
        ("throughput / best peer", "calls_per_s", 2.5, "calls/s"),
        ("10 MB bytes / best peer", "bytes_mb_per_s", 4.0, "MB/s"),
        ("10 MB NumPy / best peer", "numpy_mb_per_s", 4.0, "MB/s"),
    ):
        yield _at_least(what, bound, ours(key), *best(key), unit)
    unloaded = run.median(loop, None, "unloaded_p99_ms")
    yield _at_most("ticker p99, loaded / unloaded", 1.5, ours("loaded_p99_ms"), unloaded, "unloaded", "ms")


def _at_most(what: str, bound: float, ours: float, other: float, whose: str, unit: str) -> Target:
    figure = ours / other
    return Target(what, f"≤ {bound:.3g}", figure, figure <= bound, _parts(ours, other, whose, unit))


def _at_least(what: str, bound: float, ours: float, other: float, whose: str, unit: str) -> Target:
    figure = ours / other
    return Target(what, f"≥ {bound:.3g}", figure, figure >= bound, _parts(ours, other, whose, unit))


def _parts(ours: float, other: float, whose: str, unit: str) -> str:
    return f"{ours:,.4g} against {other:,.4g} {unit} ({whose})"


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
