"""How full the pools of a database are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

__all__ = ["PoolStatistics", "statistics_of"]


@dataclass(frozen=True, slots=True)
class PoolStatistics:
    """What a pool of connections lends.

    Attributes:
        name: What its connections are for.
        size: How many it may lend at once, the overflow of an adopted engine included.
        in_use: How many it lends now.
    """

    name: str
    size: int
    in_use: int


def statistics_of(engines: Iterable[tuple[str, Engine]]) -> list[PoolStatistics]:
    """Return the statistics of the engines' pools, each once, though engines share it.

    Args:
        engines: The engines, each with what its connections are for. Pools without a bound are left out.
    """
    found: dict[int, PoolStatistics] = {}
    for name, engine in engines:
        pool = engine.pool
        if isinstance(pool, QueuePool):
            if (known := found.get(id(pool))) is not None:
                name = f"{known.name} and {name}"
            most = pool.size() + max(0, pool._max_overflow)  # no public name tells how many may come on top
            found[id(pool)] = PoolStatistics(name, most, pool.checkedout())
    return list(found.values())
