"""How fast jobs are completed, seen from outside."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["rate_of"]

GLANCE = 0.1  # seconds between two counts
EARLY_GLANCE = 0.02  # before the first completion
PATIENCE = 30.0  # seconds until the first completion


def rate_of(jobs: int, longest: float, left: Callable[[], int]) -> dict[str, float]:
    """Watch jobs being completed.

    Args:
        jobs: How many there are.
        longest: Seconds after which what has been completed by then is the result.
        left: Counts those that are not completed.

    Raises:
        RuntimeError: If none is completed.
    """
    began = time.perf_counter()
    while (at_first := left()) == jobs:
        if time.perf_counter() - began > PATIENCE:
            raise RuntimeError(f"no job was completed within {PATIENCE:g} s")
        time.sleep(EARLY_GLANCE)
    first = time.perf_counter()
    now_left, now = at_first, first
    while now_left and now - first < longest:
        time.sleep(GLANCE if now_left > jobs / 20 else EARLY_GLANCE)
        now_left, now = left(), time.perf_counter()
    completed = at_first - now_left
    if not completed:
        raise RuntimeError("all were completed before the first count: too few jobs for a rate")
    return {"jobs_per_s": completed / (now - first), "completed": jobs - now_left, "seconds": now - began}
