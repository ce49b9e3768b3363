"""Figures of many samples."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

__all__ = ["percentile", "summary"]


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that so many percent of the values do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[-(-len(ranked) * percent // 100) - 1]


def summary(name: str, values: Sequence[float]) -> dict[str, float]:
    """Return median, p99 and mean, in milliseconds.

    Args:
        name: What they are of.
        values: Seconds.
    """
    return {
        f"{name}_p50_ms": statistics.median(values) * 1e3,
        f"{name}_p99_ms": percentile(values, 99) * 1e3,
        f"{name}_mean_ms": statistics.fmean(values) * 1e3,
    }
