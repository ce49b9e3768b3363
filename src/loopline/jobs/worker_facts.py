"""What a worker says of itself when it registers, for people to see."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["WorkerFacts", "facts_of_this_process"]

MOST_QUEUES = 50
LONGEST = 255  # characters of a host's name


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """What a worker says of itself.

    Attributes:
        host: The name of its machine.
        pid: Its process there.
        queues: Whose jobs it runs; the first, if there are very many.
        concurrency: Jobs that it runs at once.
    """

    host: str
    pid: int
    queues: tuple[str, ...]
    concurrency: int


def facts_of_this_process(queues: Sequence[str], concurrency: int) -> WorkerFacts:
    """Return what a worker in this process says of itself."""
    return WorkerFacts(socket.gethostname()[:LONGEST], os.getpid(), tuple(sorted(queues)[:MOST_QUEUES]), concurrency)
