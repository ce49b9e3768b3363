"""What is compared alternates from one transaction to the next, so that whatever drifts meets all alike."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Mapping

from benchmarks.jobs.figures import summary

__all__ = ["alternate"]

WARM_UP = 20  # of each kind


async def alternate(
    kinds: Mapping[str, Callable[[], Awaitable[object]]], times: int, longest: float
) -> dict[str, float]:
    """Take the times of things that are done in turn, in shuffled order.

    Args:
        kinds: What is done, by name.
        times: How often each.
        longest: Seconds after which it ends all the same.
    """
    took: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(WARM_UP):
        for once in kinds.values():
            await once()
    end = time.perf_counter() + longest
    for _ in range(times):
        for name, once in random.sample(list(kinds.items()), len(kinds)):
            began = time.perf_counter()
            await once()
            took[name].append(time.perf_counter() - began)
        if time.perf_counter() > end:
            break
    result = {"times": float(min(len(values) for values in took.values()))}
    for name, values in took.items():
        result |= summary(name, values)
    return result
