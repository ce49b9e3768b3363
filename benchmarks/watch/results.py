"""What a run has measured, and what it comes to."""

from __future__ import annotations

import math
import statistics
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.watch.detection import Detection
from benchmarks.watch.expected import CASES
from benchmarks.watch.judge import Verdict
from benchmarks.watch.rates import MemorySample, Rate
from benchmarks.watch.sizes import Sizes
from benchmarks.watch.tools import NOTHING, TOOLS

__all__ = ["ASPECTS", "Run"]

ASPECTS = ("detected", "line", "function", "route", "kind")
_WITH_ROUTE = {case.name for case in CASES if case.route}
_FORGOTTEN = {case.name for case in CASES if case.forgotten}


@dataclass(slots=True)
class Run:
    """One run.

    Attributes:
        machine: Where it ran.
        repeats: How often each tool had to find everything: ours, and the others.
        rate_repeats: How often its cost was measured.
        quick: Whether it only was to see that it works.
        loops: The event loops.
        tools: Their names, ours first.
        sizes: How much work makes up a stall on this machine.
        detections: All passes.
        rates: All measurements of cost.
        memory: Of servers over many requests.
        failures: What could not be measured, and why.
    """

    machine: dict[str, str]
    repeats: dict[str, int]
    rate_repeats: int
    quick: bool
    loops: tuple[str, ...]
    tools: tuple[str, ...]
    sizes: Sizes
    detections: list[Detection] = field(default_factory=list)
    rates: list[Rate] = field(default_factory=list)
    memory: list[MemorySample] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def passes(self, loop: str, tool: str) -> list[Detection]:
        """Return the passes of a tool on a loop."""
        return [done for done in self.detections if (done.loop, done.tool) == (loop, tool)]

    def verdicts(self, loop: str, tool: str, *, forgotten: bool) -> list[Verdict]:
        """Return the verdicts on stalls, or those on forgotten awaits."""
        return [
            verdict
            for done in self.passes(loop, tool)
            for verdict in done.verdicts
            if (verdict.case in _FORGOTTEN) == forgotten
        ]

    def part(self, loop: str, tool: str, aspect: str, *, forgotten: bool = False) -> float:
        """Return in which part of the verdicts an aspect is right; nan if the tool can't say it, or was not asked."""
        verdicts = self.verdicts(loop, tool, forgotten=forgotten)
        if aspect == "route":
            verdicts = [verdict for verdict in verdicts if verdict.case in _WITH_ROUTE]
        # What Python itself says of a forgotten await has function and line, whichever tool runs.
        sayable = TOOLS[tool].says | ({"line", "function", "kind"} if forgotten else set())
        if not verdicts or (aspect != "detected" and aspect not in sayable):
            return math.nan
        return statistics.mean(float(getattr(verdict, aspect)) for verdict in verdicts)

    def blaming(self, loop: str, tool: str) -> float:
        """Return in which part of all cases an innocent was blamed."""
        verdicts = [verdict for done in self.passes(loop, tool) for verdict in done.verdicts]
        return sum(bool(verdict.blamed) for verdict in verdicts) / len(verdicts) if verdicts else math.nan

    def a_pass(self, loop: str, tool: str, key: str) -> float:
        """Return how many there were in a pass, on average.

        Args:
            loop: The loop.
            tool: The tool.
            key: false_alarms; changed (answers to the guilty); failed (requests of innocents).
        """
        passes = self.passes(loop, tool)
        counts = {
            "false_alarms": [len(done.false_alarms) for done in passes],
            "changed": [sum(verdict.changed for verdict in done.verdicts) for done in passes],
            "failed": [sum(done.innocents.values()) - done.innocents.get("answered", 0) for done in passes],
        }[key]
        return statistics.mean(counts) if counts else math.nan

    def rate(self, loop: str, tool: str, key: str = "per_second") -> float:
        """Return the median of a measurement of cost; nan if there is none."""
        values = [getattr(rate, key) for rate in self.rates if (rate.loop, rate.tool) == (loop, tool)]
        known: list[float] = [value for value in values if value is not None]
        return statistics.median(known) if known else math.nan

    def kept(self, loop: str, tool: str) -> float:
        """Return which part of the requests a second without a tool is left with it."""
        return self.rate(loop, tool) / self.rate(loop, NOTHING)

    def as_json(self) -> dict[str, Any]:
        """Return it all as plain data."""
        return asdict(self)
