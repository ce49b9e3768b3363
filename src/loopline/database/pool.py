"""How full the pools of a database are, how long sessions waited in front of them, and how many were turned away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, Pool, PoolProxiedConnection, QueuePool

from loopline.durations import DurationCounter, Durations

__all__ = ["PatientPool", "PoolStatistics", "Waits", "statistics_of", "waits_of"]


@dataclass(frozen=True, slots=True)
class PoolStatistics:
    """What a pool of connections lends.

    Attributes:
        name: What its connections are for.
        size: How many it may lend at once, the overflow of an adopted engine included.
        in_use: How many it lends now.
        rejected: How many sessions were turned away so far, by ``DatabaseBusy``.
        waited: How long those waited so far that found no connection free. An adopted engine does not tell.
        waited_lately: The same, of the last minute or two.
    """

    name: str
    size: int
    in_use: int
    rejected: int
    waited: Durations
    waited_lately: Durations


class Waits:
    """What happened in front of a pool. To be counted on the event loop."""

    def __init__(self) -> None:
        self.durations = DurationCounter()
        self.rejected = 0

    def end(self, began: float) -> None:
        """Count a wait that is over, however it ended.

        Args:
            began: When it began, by the monotonic clock.
        """
        now = monotonic()
        self.durations.count(now - began, now)


_waits: WeakKeyDictionary[Pool, Waits] = WeakKeyDictionary()


def waits_of(pool: Pool) -> Waits:
    """Return what happened in front of a pool so far."""
    found = _waits.get(pool)
    if found is None:
        found = _waits[pool] = Waits()
    return found


class PatientPool(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool, which tells how long was waited where all connections are lent. Elsewhere it takes no time."""

    def connect(self) -> PoolProxiedConnection:
        """Lend a connection."""
        if self.checkedout() < self.size():
            return super().connect()
        began = monotonic()
        try:
            return super().connect()
        finally:
            waits_of(self).end(began)


def statistics_of(engines: Iterable[tuple[str, Engine]]) -> list[PoolStatistics]:
    """Return the statistics of the engines' pools, each once, though engines share it.

    Args:
        engines: The engines, each with what its connections are for. Pools without a bound are left out.
    """
    names: dict[QueuePool, list[str]] = {}
    for name, engine in engines:
        if isinstance(engine.pool, QueuePool):
            names.setdefault(engine.pool, []).append(name)
    return [_statistics(" and ".join(several), pool) for pool, several in names.items()]


def _statistics(name: str, pool: QueuePool) -> PoolStatistics:
    most = pool.size() + max(0, pool._max_overflow)  # no public name tells how many may come on top
    waits = waits_of(pool)
    durations = waits.durations
    return PoolStatistics(name, most, pool.checkedout(), waits.rejected, durations.ever(), durations.recent())
