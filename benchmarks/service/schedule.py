"""When each request is due."""

from __future__ import annotations

import random
from collections.abc import Mapping

__all__ = ["arrivals"]


def arrivals(rates: Mapping[str, float], start: float, end: float, seed: str) -> list[tuple[float, str]]:
    """Draw arrivals that know nothing of each other (Poisson), in the order of their times.

    Args:
        rates: Requests a second by route. A route's arrivals do not depend on the other routes.
        start: Seconds; the first can't be due earlier.
        end: Seconds; the last is due before.
        seed: The same seed draws the same.
    """
    drawn = []
    for name, rate in rates.items():
        source = random.Random(f"{seed} {name}")
        at = start
        while rate and (at := at + source.expovariate(rate)) < end:
            drawn.append((at, name))
    return sorted(drawn)
