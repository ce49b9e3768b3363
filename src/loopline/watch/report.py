"""What was found so far, grouped by place: bounded, whatever happens."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime

from loopline.watch.finding import Finding, Kind

__all__ = ["Group", "Report"]

MOST = 1000  # groups; what comes after is only counted


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one kind, at one place, by one route.

    Attributes:
        count: How many.
        total: Seconds that they took together.
        worst: Seconds that the worst took.
        first: When the first ended, by the machine's clock.
        last: When the last did.
        example: The last one.
    """

    count: int
    total: float
    worst: float
    first: datetime
    last: datetime
    example: Finding


class Report:
    """Gathers findings; may be read and written from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: dict[object, Group] = {}
        self._dropped = 0
        self._added = 0
        self._totals: dict[Kind, tuple[int, float]] = {}

    def add(self, finding: Finding) -> Group | None:
        """Add one; its group as it is now, or None if there are too many groups already."""
        key = (finding.kind, finding.place, finding.route, finding.call)
        with self._lock:
            self._added += 1
            count, seconds = self._totals.get(finding.kind, (0, 0.0))
            self._totals[finding.kind] = count + 1, seconds + finding.seconds
            known = self._groups.get(key)
            if known is None:
                if len(self._groups) >= MOST:
                    self._dropped += 1
                    return None
                known = Group(0, 0.0, 0.0, finding.at, finding.at, finding)
            group = self._groups[key] = replace(
                known,
                count=known.count + 1,
                total=known.total + finding.seconds,
                worst=max(known.worst, finding.seconds),
                last=finding.at,
                example=finding,
            )
            return group

    @property
    def groups(self) -> list[Group]:
        """The groups, those that took longest first."""
        with self._lock:
            groups = list(self._groups.values())
        return sorted(groups, key=lambda group: (-group.total, -group.count))

    @property
    def added(self) -> int:
        """How many findings there were: if it is the same as before, so is all else."""
        return self._added

    @property
    def totals(self) -> dict[Kind, tuple[int, float]]:
        """Of each kind, how many findings there were, and the seconds that they took: those that were dropped too."""
        with self._lock:
            return dict(self._totals)

    @property
    def dropped(self) -> int:
        """How many findings were only counted, since there were too many groups."""
        return self._dropped
