"""A module that computes when it is imported."""

from __future__ import annotations

from benchmarks.watch.material import spin
from benchmarks.watch.sizes import sizes

__all__ = ["TABLE"]

TABLE = spin(sizes().turns)  # guilty: first-import
