"""How much work blocks the loop for as long as it should on this machine: measured once a run, the same for all."""

from __future__ import annotations

import gc
import hashlib
import json
import math
import os
import re
import time
import zlib
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import cache

from benchmarks.watch.material import BACKTRACKS, documents, graph, numbers, spin, text

__all__ = ["SLEEP", "Sizes", "as_variable", "measure", "sizes"]

VARIABLE = "WATCH_SIZES"  # where the processes of one run find what was measured at its beginning
SLEEP = 0.15  # seconds that a call waits
BUSY = 0.25  # seconds that computing takes: more, because a machine may be faster than when it was measured


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of each makes up BUSY seconds.

    Attributes:
        turns: Of a Python loop.
        rounds: Of PBKDF2.
        letters: That an expression backtracks over.
        numbers: To sort.
        documents: To write as JSON.
        copies: Documents to copy deeply.
        megabytes: To compress.
        summed: Integers to add up.
        factorial: To compute.
        objects: For the collector to visit.
    """

    turns: int
    rounds: int
    letters: int
    numbers: int
    documents: int
    copies: int
    megabytes: int
    summed: int
    factorial: int
    objects: int


@cache
def sizes() -> Sizes:
    """Return what the run has measured; outside one, measure."""
    given = os.environ.get(VARIABLE)
    return Sizes(**json.loads(given)) if given else measure()


def measure() -> Sizes:
    """Measure this machine; takes about two seconds."""
    compress = text(1)
    some, lots, written = documents(3_000), graph(500_000), documents(30_000)
    mixed = numbers(200_000)
    return Sizes(
        turns=_scale(200_000, spin, 200_000),
        rounds=_scale(20_000, lambda: hashlib.pbkdf2_hmac("sha256", b"secret", b"salt", 20_000)),
        letters=next(n for n in range(16, 40) if _takes(lambda: re.match(BACKTRACKS, "a" * n + "b")) > BUSY * 0.8),  # noqa: B023 - called at once
        numbers=_scale(len(mixed), sorted, mixed),
        documents=_scale(len(written), json.dumps, written),
        copies=_scale(len(some), deepcopy, some),
        megabytes=max(1, _scale(1, zlib.compress, compress, 9)),
        summed=_scale(1_000_000, sum, range(1_000_000)),
        # Its cost grows with nearly the square of the number.
        factorial=int(20_000 * math.sqrt(BUSY / _takes(lambda: math.factorial(20_000)))),
        objects=_scale(len(lots), _collect),
    )


def as_variable(measured: Sizes) -> dict[str, str]:
    """Return the environment that hands sizes to another process."""
    return {VARIABLE: json.dumps(asdict(measured))}


def _collect() -> None:
    gc.collect()


def _scale(amount: int, work: Callable[..., object], *args: object) -> int:
    return int(amount * BUSY / _takes(lambda: work(*args))) + 1


def _takes(work: Callable[[], object]) -> float:
    best = math.inf
    for _ in range(4):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
        if best > BUSY:
            break
    return best
