"""What is measured of whom, and how much of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.jobs.registry import CONTENDERS, Entry, missing

__all__ = ["FULL", "QUICK", "Case", "Effort", "cases", "finished_cases"]

PROCESSES = (1, 3)


@dataclass(frozen=True, slots=True)
class Effort:
    """How much one case measures. Whatever is slow ends after ``longest`` seconds, with what it has done by then.

    Attributes:
        enqueued: Transactions of each kind.
        drained: Jobs that do nothing.
        transactional: Jobs that write.
        started: Jobs whose latency is taken.
        rounds: Of the committers.
        committing: Seconds of one round.
        rows: Jobs that have ended.
        longest: Seconds.
    """

    enqueued: int
    drained: int
    transactional: int
    started: int
    rounds: int
    committing: float
    rows: int
    longest: float


FULL = Effort(
    enqueued=300,
    drained=20_000,
    transactional=10_000,
    started=100,
    rounds=2,
    committing=2.0,
    rows=2_000_000,
    longest=3.0,
)
QUICK = Effort(
    enqueued=30, drained=3000, transactional=600, started=10, rounds=1, committing=0.5, rows=20_000, longest=1.0
)


@dataclass(frozen=True, slots=True)
class Case:
    """One measure of one contender.

    Attributes:
        measure: The module and function below ``measures``.
        entry: The contender.
        variant: Which of several; empty if there is one.
        arguments: What the measure takes beside the contender and its store.
    """

    measure: str
    entry: Entry
    variant: str
    arguments: dict[str, Any]


def cases(effort: Effort) -> Iterator[Case]:
    """List what each repeat measures."""
    for entry in CONTENDERS:
        if missing(entry):
            continue
        yield from _of_all(entry, effort)
        if entry.ours:
            yield from _of_ours(entry, effort)


def finished_cases(effort: Effort, rounds: int) -> Iterator[Case]:
    """List what a run measures once, since it takes long to prepare. It repeats by itself.

    Args:
        effort: How much.
        rounds: How often.
    """
    arguments = {"rows": effort.rows, "jobs": effort.drained, "rounds": rounds, "longest": 8 * effort.longest}
    for entry in CONTENDERS:
        if entry.ours:
            yield Case("finished", entry, "", arguments)


def _of_all(entry: Entry, effort: Effort) -> Iterator[Case]:
    if entry.durable:
        yield Case("enqueue", entry, "", {"times": effort.enqueued, "longest": effort.longest})
    for processes in PROCESSES if entry.durable else PROCESSES[:1]:
        jobs = int(effort.drained * entry.jobs)
        longest = effort.longest * (3 if entry.jobs == 1 else 1)
        yield Case("drain", entry, str(processes), {"jobs": jobs, "processes": processes, "longest": longest})
    if entry.pushes and entry.durable:
        arguments = {"times": effort.started, "inside": False, "longest": effort.longest}
        yield Case("latency", entry, "another process", arguments)


def _of_ours(entry: Entry, effort: Effort) -> Iterator[Case]:
    yield Case("beside_bare", entry, "", {"times": effort.enqueued, "longest": 2 * effort.longest})
    arguments = {"times": effort.started, "inside": True, "longest": effort.longest}
    yield Case("latency", entry, "same process", arguments)
    for bare in (False, True):
        arguments = {"jobs": effort.transactional, "bare": bare, "longest": 3 * effort.longest}
        yield Case("transactional", entry, "bare loop" if bare else "jobs", arguments)
    if entry.kind == "postgresql":
        yield Case("committers", entry, "", {"rounds": effort.rounds, "seconds": effort.committing})
