"""What the workers run. Every contender gets the same function."""

from __future__ import annotations

import time

__all__ = ["work"]


def work(milliseconds: float) -> float:
    """Compute for so long by the clock, and return the argument."""
    until = time.perf_counter() + milliseconds / 1000
    while time.perf_counter() < until:
        pass
    return milliseconds
