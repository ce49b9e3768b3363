"""What a process tells for the metrics: totals since its start, of which none goes down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from loopline import _opened
from loopline.durations import Durations
from loopline.processes.watching import watching
from loopline.watch.lag import Lag

__all__ = ["MOST_LANES", "MOST_ROUTES", "totals"]

T = TypeVar("T")

MOST_ROUTES = 100  # the first; the rest is told together
MOST_LANES = 100
MOST_POOLS = 20
MOST_TASKS = 100
LONGEST = 100  # characters of a name
REST = "other"


def totals() -> dict[str, Any]:
    """Return them, ready for JSON."""
    watchers = watching()
    found: dict[str, tuple[int, float]] = {}
    for watcher in watchers:
        for kind, (count, seconds) in watcher.report.totals.items():
            known = found.get(kind, (0, 0.0))
            found[kind] = known[0] + count, known[1] + seconds
    lanes = _by_name((lane.statistics() for lane in _opened.lanes), lambda lane: lane.name, MOST_LANES)
    pools = _by_name(
        (pool for database in _opened.databases for pool in database.statistics()), lambda pool: pool.name, MOST_POOLS
    )
    routes = _by_name(
        (route for watcher in watchers for route in watcher.traffic.totals()), lambda route: route[0], MOST_ROUTES
    )
    in_flight = [one.kind for watcher in watchers for one in watcher.traffic.in_flight()]
    return {
        "lag": _lag([watcher.lag for watcher in watchers]),
        "in_flight": in_flight.count("http"),
        "websockets": in_flight.count("websocket"),
        "routes": {name: _durations(durations for _, durations in some) for name, some in routes.items()},
        "lanes": {
            name: {
                "size": sum(lane.size for lane in some),
                "running": sum(lane.running for lane in some),
                "abandoned": sum(lane.abandoned for lane in some),
                "waiting": sum(lane.waiting for lane in some),
                "outcomes": {
                    outcome: sum(getattr(lane, outcome) for lane in some)
                    for outcome in ("completed", "failed", "timed_out", "cancelled", "rejected")
                },
                "durations": _durations(lane.ever for lane in some),
            }
            for name, some in lanes.items()
        },
        "pools": {
            name: {
                "size": sum(pool.size for pool in some),
                "in_use": sum(pool.in_use for pool in some),
                "rejected": sum(pool.rejected for pool in some),
                "waited": _durations(pool.waited for pool in some),
            }
            for name, some in pools.items()
        },
        "attempts": _attempts(),
        "findings": found,
    }


def _attempts() -> dict[str, dict[str, Any]]:
    """Return how attempts of jobs ended, by task."""
    tasks = _by_name(
        (item for queue in _opened.job_queues for item in queue.attempts.items()), lambda item: item[0], MOST_TASKS
    )
    return {
        name: {
            "ends": sum((attempts.ends for _, attempts in some), Counter()),
            "durations": _durations(attempts.durations.ever() for _, attempts in some),
        }
        for name, some in tasks.items()
    }


def _by_name(things: Iterable[T], name_of: Callable[[T], str], most: int) -> dict[str, list[T]]:
    """Return things by their names; after so many names, the rest under one."""
    found: dict[str, list[T]] = {}
    for thing in things:
        name = name_of(thing)[:LONGEST]
        found.setdefault(name if name in found or len(found) < most else REST, []).append(thing)
    return found


def _durations(several: Iterable[Durations]) -> dict[str, Any]:
    together = Durations.together(several)
    return {"counts": together.counts, "total": together.total}


def _lag(several: list[Lag]) -> dict[str, Any]:
    counts = [sum(some) for some in zip(*(lag.counts for lag in several), strict=True)]
    return {"counts": counts, "total": sum(lag.total for lag in several)}
