"""What the page shows of the processes: all together, or one of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from time import monotonic, time
from typing import Any

from loopline.durations import BOUNDS, Durations
from loopline.processes.neighbours import Neighbour

__all__ = ["Rates", "stalls_of", "view_of"]

MOST_ROUTES = 20
MOST_LANES = 100
MOST_GROUPS = 50
LAG_NOW = 3  # seconds of which the worst is the present lag
OVER = 5.0  # seconds over which a rate is taken


class Rates:
    """How many requests a second each process answers, from what it told before."""

    def __init__(self) -> None:
        self._told: dict[tuple[int, int | None], deque[tuple[float, int]]] = {}

    def rates(self, neighbours: Sequence[Neighbour]) -> dict[int, float]:
        """Return the rate of each process by its place."""
        now = monotonic()
        told = {}
        for one in neighbours:
            key = one.place, one.told["pid"]
            seen = self._told.get(key) or deque([(now, one.told["served"])])
            if now - seen[-1][0] >= 0.5:
                seen.append((now, one.told["served"]))
            while len(seen) > 2 and now - seen[1][0] >= OVER:
                seen.popleft()
            told[key] = seen
        self._told = told
        return {
            place: (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0]) if len(seen) > 1 else 0.0
            for (place, _), seen in told.items()
        }


def view_of(neighbours: Sequence[Neighbour], rates: dict[int, float], chosen: int | None) -> dict[str, Any]:
    """Return what changes each second.

    Args:
        neighbours: The processes.
        rates: Their requests a second, by place.
        chosen: Which of them; None for all together.
    """
    shown = [one for one in neighbours if chosen is None or one.place == chosen]
    told = [one.told for one in shown]
    return {
        "at": time(),
        "clock": monotonic(),
        "chosen": chosen,
        "processes": [_process(one, rates) for one in neighbours],
        "watched": any(one["watched"] for one in told),
        "lag": _lag(told),
        "in_flight": sum(one["in_flight"] for one in told),
        "websockets": sum(one["websockets"] for one in told),
        "oldest": sorted((each for one in told for each in one["oldest"]), key=lambda each: -each["seconds"])[:5],
        "rate": round(sum(rates[one.place] for one in shown), 1),
        "routes": _routes(told),
        "lanes": _lanes(told),
        "pools": _with_figures(told, "pools", _summed(told, "pools", ("size", "in_use", "rejected"))),
    }


def stalls_of(neighbours: Sequence[Neighbour], chosen: int | None) -> dict[str, Any]:
    """Return what stood in the way, grouped by place, the last first. It changes only when there is something new."""
    told = [one.told for one in neighbours if chosen is None or one.place == chosen]
    return {name: _groups(group for one in told for group in one[name]) for name in ("stalls", "forgotten")}


def _process(one: Neighbour, rates: dict[int, float]) -> dict[str, Any]:
    told = one.told
    return {
        "place": one.place,
        "pid": told["pid"],
        "started": told["started"],
        "silent": round(one.silent, 1),
        "lag": _worst_now(told),
        "in_flight": told["in_flight"],
        "rate": round(rates[one.place], 1),
    }


def _worst_now(told: dict[str, Any]) -> float:
    return max((worst for second, worst in told["lag"] if second >= told["clock"] - LAG_NOW - 1), default=0.0)


def _lag(told: Iterable[dict[str, Any]]) -> list[tuple[int, float]]:
    """Return the last seconds, each with the worst lag: the clock is the machine's, so that of all processes."""
    seconds: dict[int, float] = {}
    for one in told:
        for second, worst in one["lag"]:
            seconds[second] = max(worst, seconds.get(second, 0.0))
    return sorted(seconds.items())[-120:]


def _routes(told: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    by_route: dict[str, list[Durations]] = {}
    for one in told:
        for route in one["routes"]:
            by_route.setdefault(route["route"], []).append(_durations(route["recent"]))
    rows = []
    for name, several in by_route.items():
        recent = Durations.together(several)
        if recent.count:
            rows.append({"route": name, **_figures(recent), "total": round(recent.total, 3)})
    return sorted(rows, key=lambda row: -row["p99"])[:MOST_ROUTES]


def _lanes(told: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    each = list(told)
    numbers = ("size", "max_queue", "running", "abandoned", "waiting", "completed", "failed", "timed_out")
    return _with_figures(each, "lanes", _summed(each, "lanes", (*numbers, "cancelled", "rejected"))[:MOST_LANES])


def _with_figures(told: list[dict[str, Any]], kind: str, things: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return things of a kind, each with the figures of what took time lately."""
    for thing in things:
        recent = [_durations(same["recent"]) for one in told for same in one[kind] if same["name"] == thing["name"]]
        thing |= _figures(Durations.together(recent))
    return things


def _summed(told: Iterable[dict[str, Any]], kind: str, numbers: Iterable[str]) -> list[dict[str, Any]]:
    """Return the things of a kind by their names, with the sums of these numbers."""
    found: dict[str, dict[str, Any]] = {}
    for one in told:
        for thing in one[kind]:
            known = found.setdefault(thing["name"], {"name": thing["name"]} | dict.fromkeys(numbers, 0))
            for number in numbers:
                known[number] += thing[number]
    return list(found.values())


def _groups(groups: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for group in groups:
        key = tuple(group[name] for name in ("kind", "file", "line", "function", "call", "route"))
        known = found.get(key)
        found[key] = group if known is None else _joined(known, group)
    return sorted(found.values(), key=lambda group: -group["last"])[:MOST_GROUPS]


def _joined(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    joins: dict[str, Callable[[Any, Any], Any]] = {
        "count": lambda a, b: a + b,
        "total": lambda a, b: round(a + b, 4),
        "worst": max,
        "first": min,
        "last": max,
    }
    return one | {name: join(one[name], other[name]) for name, join in joins.items()}


def _figures(recent: Durations) -> dict[str, Any]:
    def shown(share: float) -> float | None:
        found = recent.quantile(share)
        return None if found is None else round(found, 5)

    seconds = max(1.0, recent.seconds)
    return {"count": recent.count, "rate": round(recent.count / seconds, 2), "p50": shown(0.5), "p99": shown(0.99)}


def _durations(told: dict[str, Any]) -> Durations:
    counts = [0] * (len(BOUNDS) + 1)
    for place, count in told["counts"].items():
        counts[int(place)] = count
    return Durations(tuple(counts), told["total"], told["seconds"])
