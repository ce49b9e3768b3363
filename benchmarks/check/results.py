"""What a run has measured."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Cost", "Run"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a tool cost on one service.

    Attributes:
        tool: The tool.
        service: The service.
        files: Its Python files.
        lines: Their lines.
        cold: Seconds, with nothing kept of earlier runs.
        again: Seconds after each of some edits, of one file at a time.
        noticed: How often it reported the line that was put in.
        memory_mb: The most that it held in the first of the two, in MB.
        findings: How many lines it reported, by kind.
    """

    tool: str
    service: str
    files: int
    lines: int
    cold: float
    again: list[float]
    noticed: int
    memory_mb: float
    findings: dict[str, int]


@dataclass(slots=True)
class Run:
    """One run.

    Attributes:
        machine: Where.
        notes: How each tool was set.
        labels: How many cases there are of each label.
        reported: For each tool and label, the cases that it reported.
        costs: What the tools cost on services, each measured so often.
        failures: What did not work.
    """

    machine: dict[str, str]
    notes: dict[str, str] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    reported: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    costs: list[Cost] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return all of it, for a file."""
        return asdict(self)
