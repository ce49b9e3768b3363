"""What a process tells of itself: plain values with a limit on each, ready for JSON."""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Iterable, Sequence
from heapq import nlargest
from time import monotonic, time
from typing import Any

from loopline import _opened
from loopline.durations import Durations
from loopline.processes.watching import watching
from loopline.watch.finding import Place
from loopline.watch.report import Group
from loopline.watch.traffic import RouteTraffic, Traffic
from loopline.watch.watcher import Watcher

__all__ = ["MOST_GROUPS", "MOST_LANES", "MOST_ROUTES", "UNKNOWN", "Teller"]

MOST_ROUTES = 50  # those that took the most time lately
MOST_IN_FLIGHT = 10  # the oldest
MOST_LANES = 100
MOST_POOLS = 20
MOST_GROUPS = 50  # of stalls, and of forgotten awaits
LONGEST = 500  # characters of a text

_STARTED = time()


# What is known of a process that has told nothing.
UNKNOWN: dict[str, Any] = {
    "pid": None,
    "started": None,
    "clock": 0.0,
    "watched": False,
    "lag": [],
    "in_flight": 0,
    "websockets": 0,
    "oldest": [],
    "served": 0,
    "routes": [],
    "lanes": [],
    "pools": [],
    "stalls": [],
    "forgotten": [],
}


class Teller:
    """Tells of this process."""

    def __init__(self) -> None:
        self._found: tuple[object, dict[str, Any]] = (None, {})

    def tell(self) -> dict[str, Any]:
        """Return what there is to tell. From then on, requests are counted."""
        Traffic.wanted = True
        watchers = watching()
        key = [(id(watcher), watcher.report.added) for watcher in watchers]
        if self._found[0] != key:
            groups = [group for watcher in watchers for group in watcher.report.groups]
            stalls = _groups(group for group in groups if group.example.kind != "forgotten-await")
            forgotten = _groups(group for group in groups if group.example.kind == "forgotten-await")
            self._found = key, {"stalls": stalls, "forgotten": forgotten}
        return _figures(watchers) | self._found[1]


def _figures(watchers: Sequence[Watcher]) -> dict[str, Any]:
    traffic = [route for watcher in watchers for route in watcher.traffic.routes(MOST_ROUTES)]
    in_flight = [one for watcher in watchers for one in watcher.traffic.in_flight()]
    seconds: dict[int, float] = {}
    for watcher in watchers:
        for second, worst in watcher.recent_lag:
            seconds[second] = max(worst, seconds.get(second, 0.0))
    lanes = [lane.statistics() for lane in _opened.lanes]
    pools = [pool for database in _opened.databases for pool in database.statistics()]
    return {
        "pid": os.getpid(),
        "started": _STARTED,
        "clock": monotonic(),
        "watched": bool(watchers),
        "lag": [[second, round(worst, 6)] for second, worst in sorted(seconds.items())],
        "in_flight": sum(one.kind == "http" for one in in_flight),
        "websockets": sum(one.kind == "websocket" for one in in_flight),
        "oldest": [
            {"route": _cut(one.route or ""), "seconds": round(one.seconds, 3)}
            for one in [one for one in in_flight if one.kind == "http"][:MOST_IN_FLIGHT]
        ],
        "served": sum(watcher.traffic.served for watcher in watchers),
        "routes": [_route(route) for route in nlargest(MOST_ROUTES, traffic, key=lambda one: one.recent.total)],
        "lanes": [
            {
                "name": _cut(lane.name),
                "size": lane.size,
                "max_queue": lane.max_queue,
                "running": lane.running,
                "abandoned": lane.abandoned,
                "waiting": lane.waiting,
                "completed": lane.completed,
                "failed": lane.failed,
                "timed_out": lane.timed_out,
                "cancelled": lane.cancelled,
                "rejected": lane.rejected,
                "recent": _durations(lane.recent),
            }
            for lane in lanes[:MOST_LANES]
        ],
        "pools": [
            {
                "name": pool.name,
                "size": pool.size,
                "in_use": pool.in_use,
                "rejected": pool.rejected,
                "recent": _durations(pool.waited_lately),
            }
            for pool in pools[:MOST_POOLS]
        ],
    }


def _route(route: RouteTraffic) -> dict[str, Any]:
    return {"route": _cut(route.route), "served": route.ever.count, "recent": _durations(route.recent)}


def _durations(durations: Durations) -> dict[str, Any]:
    counts = {str(place): count for place, count in enumerate(durations.counts) if count}
    return {"counts": counts, "total": round(durations.total, 6), "seconds": round(durations.seconds, 1)}


def _groups(groups: Iterable[Group]) -> list[dict[str, Any]]:
    return [
        group.example.as_json()
        | _code(group.example.place)
        | {
            "count": group.count,
            "total": round(group.total, 4),
            "worst": round(group.worst, 4),
            "first": group.first.timestamp(),
            "last": group.last.timestamp(),
        }
        for group in nlargest(MOST_GROUPS, groups, key=lambda group: group.last)
    ]


def _code(place: Place | None) -> dict[str, str]:
    if place is None:
        return {"where": "", "source": ""}
    roots = [root for root in (os.getcwd(), *sys.path) if root and place.file.startswith(f"{root}{os.sep}")]
    where = place.file[max(map(len, roots)) + 1 :] if roots else place.file
    return {"where": _cut(where), "source": _cut(linecache.getline(place.file, place.line).strip())}


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
