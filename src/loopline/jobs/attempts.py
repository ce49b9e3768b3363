"""How the attempts of a worker ended and how long they took, by task: for the metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from time import monotonic

from loopline.durations import DurationCounter

__all__ = ["Attempts", "TaskAttempts"]


@dataclass(frozen=True, slots=True)
class TaskAttempts:
    """The attempts of one task's jobs.

    Attributes:
        ends: How many ended in which way: ``completed``, or the state that the job went into.
        durations: How long they took.
    """

    ends: Counter[str] = field(default_factory=Counter)
    durations: DurationCounter = field(default_factory=DurationCounter)


class Attempts:
    """Counts the attempts of a worker.

    Attributes:
        by_task: What was counted, by the task's name.
    """

    def __init__(self) -> None:
        self.by_task: dict[str, TaskAttempts] = {}

    def count(self, task: str, end: str, began: float) -> None:
        """Count one.

        Args:
            task: The task's name: one that the worker knows, so that there are only so many.
            end: How it ended.
            began: When it began, by the monotonic clock.
        """
        known = self.by_task.get(task)
        if known is None:
            known = self.by_task[task] = TaskAttempts()
        now = monotonic()
        known.ends[end] += 1
        known.durations.count(now - began, now)
