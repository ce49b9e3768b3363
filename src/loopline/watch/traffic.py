"""The requests that are being answered, and how long the routes take: counted for each request, read now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from heapq import nlargest
from time import monotonic
from typing import Any, ClassVar

from loopline.durations import DurationCounter, Durations
from loopline.watch.request import Request, kept_of, route_of

__all__ = ["InFlight", "RouteTraffic", "Traffic"]

MOST = 1000  # routes; requests of more are counted together
OTHERS = "other routes"


@dataclass(frozen=True, slots=True)
class RouteTraffic:
    """What was asked of a route.

    Attributes:
        route: Its method and template; ``no route`` for what no route matched.
        ever: How long all its requests took.
        recent: How long those of the last minute or two took.
    """

    route: str
    ever: Durations
    recent: Durations


@dataclass(frozen=True, slots=True)
class InFlight:
    """A request that is being answered.

    Attributes:
        route: Its method and template; None if the routers have not found it yet.
        seconds: How long it has taken so far.
        kind: ``http`` or ``websocket``.
    """

    route: str | None
    seconds: float
    kind: str


class _Served:
    __slots__ = ("durations", "kept", "name")

    def __init__(self, kept: Mapping[str, Any]) -> None:
        self.kept = kept  # it holds the endpoint, so that nothing else gets its id
        self.name: str | None = None
        self.durations = DurationCounter()


class Traffic:
    """Counts requests. What is done for each is little: names are found when somebody reads.

    Args:
        present: Returns the requests that tasks work for now.

    Attributes:
        wanted: Whether anybody asks: a dashboard that was opened, or the metrics, which say so. Until then nothing is
            counted.
        served: How many have been answered.
    """

    wanted: ClassVar[bool] = False

    def __init__(self, present: Callable[[], Iterable[Request]]) -> None:
        self.served = 0
        self._present = present
        self._served: dict[int, _Served] = {}
        self._others = _Served({})
        self._others.name = OTHERS

    def end(self, request: Request) -> None:
        """Note that a request has been answered; before its scope is let go."""
        now, scope = monotonic(), request.scope
        served = self._served.get(id(scope.get("endpoint"))) or self._add(scope)
        if scope["type"] == "http":
            served.durations.count(now - request.began, now)
            self.served += 1

    def routes(self, most: int = MOST + 1) -> list[RouteTraffic]:
        """Return what was asked of each route so far, those first that took the most time lately.

        Args:
            most: Of how many routes at most.
        """
        known = [one for one in (*self._served.values(), self._others) if not _is_own(one.kept)]
        chosen = nlargest(most, known, key=lambda one: one.durations.recent_total())
        found = [RouteTraffic(_name_of(one), one.durations.ever(), one.durations.recent()) for one in chosen]
        return [one for one in found if one.ever.count]

    def totals(self) -> list[tuple[str, Durations]]:
        """Return how long all requests of each route took, those first that were asked for first."""
        served = [one for one in (*self._served.values(), self._others) if not _is_own(one.kept)]
        return [(_name_of(one), ever) for one in served if (ever := one.durations.ever()).count]

    def in_flight(self) -> list[InFlight]:
        """Return the requests that are being answered, the oldest first."""
        now = monotonic()
        present = {request for request in self._present() if not request.is_over}
        return [
            InFlight(None if (route := request.route) is None else route.name, now - request.began, scope["type"])
            for request in sorted(present, key=lambda one: one.began)
            if not _is_own(scope := request.scope)
        ]

    def _add(self, scope: Mapping[str, Any]) -> _Served:
        if len(self._served) >= MOST:
            return self._others
        served = self._served[id(scope.get("endpoint"))] = _Served(kept_of(scope))
        return served


def _name_of(served: _Served) -> str:
    if served.name is None:
        route = route_of(served.kept)
        served.name = "no route" if route is None else route.name
    return served.name


def _is_own(scope: Mapping[str, Any]) -> bool:
    """Whether it is for the dashboard or the metrics, whose streams last for minutes."""
    module: str = getattr(scope.get("endpoint"), "__module__", None) or ""
    return module.startswith(("loopline.dashboard", "loopline.metrics"))
