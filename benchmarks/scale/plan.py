"""What is measured, and how much of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["FULL", "QUICK", "Case", "Effort", "cases"]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured.

    Attributes:
        workers: Worker processes.
        jobs: Jobs that do nothing, for each of these.
        transactional: Jobs that write a row.
        waiting: Jobs in the queue.
        enqueues: How many more are enqueued beside those.
        items: Calls of ``fan_out``.
        clients: Who commit at once, without jobs.
        seconds: For how long at most whatever takes long is looked at.
    """

    workers: tuple[int, ...]
    jobs: int
    transactional: int
    waiting: tuple[int, ...]
    enqueues: int
    items: tuple[int, ...]
    clients: tuple[int, ...]
    seconds: float


FULL = Effort(
    workers=(1, 2, 3, 4, 5, 6),
    jobs=150_000,
    transactional=20_000,
    waiting=(10_000, 100_000, 500_000, 2_000_000),
    enqueues=500,
    items=(100, 1_000, 10_000, 100_000),
    clients=(1, 4, 16, 32),
    seconds=15.0,
)
QUICK = Effort((1, 2), 3_000, 500, (1_000, 20_000), 20, (100, 1_000), (1, 4), 1.5)


@dataclass(frozen=True, slots=True)
class Case:
    """One measure at one size.

    Attributes:
        measure: Its name.
        size: Workers, jobs, items or clients.
    """

    measure: str
    size: int


def cases(effort: Effort) -> Iterator[Case]:
    """Return all of them."""
    for measure, sizes in (
        ("workers", effort.workers),
        ("transactional", effort.workers),
        ("waiting", effort.waiting),
        ("fan_out", effort.items),
        ("commits", effort.clients),
    ):
        for size in sizes:
            yield Case(measure, size)
