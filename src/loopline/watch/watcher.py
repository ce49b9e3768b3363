"""Watcher: all that watches the loops of one process, and what it found."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from loopline import _opened
from loopline.errors import ConfigurationError
from loopline.watch.advice import advice_for, advice_for_await
from loopline.watch.awaits import Awaits
from loopline.watch.blame import Verdict, judge
from loopline.watch.collector import Collector
from loopline.watch.episode import Episode
from loopline.watch.finding import Finding, Place
from loopline.watch.frames import Stack, definition_of
from loopline.watch.heartbeat import INTERVAL, Heartbeat
from loopline.watch.lag import Lag, LagHistogram
from loopline.watch.makers import codes_of
from loopline.watch.owner import NOBODY, requests_of
from loopline.watch.report import Group, Report
from loopline.watch.request import KnownRoutes, Request, Route
from loopline.watch.sampler import Sampler
from loopline.watch.traffic import Traffic

__all__ = ["Watcher"]

MOST_PENDING = 256  # findings
PATIENCE = 0.5  # seconds that are waited for the routers to find a request's route
LONGEST_CHAIN = 20  # steps


@dataclass(frozen=True, slots=True)
class _Pending:
    """A finding whose request has no route yet: it was held up before the routers saw it."""

    finding: Finding
    request: Request
    until: float
    finish: Callable[[Finding, Route | None], Finding]


class Watcher:
    """Watches loops for as long as they are added to it.

    Args:
        threshold: Seconds that a loop may stand still without being told of.
        origins: Whether Python notes for every coroutine where it was made.
        tell: Called with each finding, and all of its kind so far, in the thread beside the loops or in that of
            ``settle``.

    Attributes:
        report: What was found so far.
        routes: Those that were asked for. Who has answered a request lets its scope go for what is kept here.
        awaits: Finds forgotten awaits. Who answers a request says here that it failed, or left suspects.
        traffic: How long requests take, if anybody wants to know. Who has answered one says so here.

    Raises:
        ConfigurationError: If the threshold can't be.
    """

    def __init__(
        self,
        *,
        threshold: float,
        tell: Callable[[Finding, Group | None], None],
        origins: bool = False,
    ) -> None:
        if not threshold >= INTERVAL:
            raise ConfigurationError(f"threshold={threshold}: give seconds, {INTERVAL} or more")
        self.report = Report()
        self.traffic = Traffic(self._present)
        self._threshold = threshold
        self._tell = tell
        self._lag = LagHistogram()
        self._collector = Collector()
        self.awaits = Awaits(self._tell_await, origins=origins)
        self._sampler = Sampler(threshold, self._tell_stall, self._look_after)
        self._lock = threading.Lock()
        self._hearts: dict[asyncio.AbstractEventLoop, Heartbeat] = {}
        self.routes = KnownRoutes()
        self._pending: deque[_Pending] = deque(maxlen=MOST_PENDING)
        self._untold: deque[tuple[Finding, Group | None]] = deque(maxlen=MOST_PENDING)

    @property
    def lag(self) -> Lag:
        """How late the loops have come around so far."""
        return self._lag.read()

    @property
    def loops(self) -> frozenset[asyncio.AbstractEventLoop]:
        """The loops that are watched."""
        with self._lock:
            return frozenset(self._hearts)

    @property
    def recent_lag(self) -> list[tuple[int, float]]:
        """The last seconds, by the monotonic clock, each with the worst lag in it, in seconds."""
        return self._lag.recent.read()

    def add_loop(self) -> None:
        """Watch the running loop. Adding it twice is harmless."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if loop in self._hearts:
                return
            if not self._hearts:
                _opened.watchers.add(self)
                self._collector.start()
                self.awaits.start()
            heart = self._hearts[loop] = Heartbeat(self._lag)
        heart.start()
        self._sampler.add(heart)

    def remove_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Watch a loop no more. To be called in its thread. What goes on is over then; ``settle`` tells of it."""
        with self._lock:
            heart = self._hearts.pop(loop, None)
            last = heart is not None and not self._hearts
        if heart is not None:
            self._sampler.remove(heart)
            heart.stop()
        if last:
            _opened.watchers.discard(self)
            self._collector.stop()
            self.awaits.stop()

    def _present(self) -> list[Request]:
        return [request for loop in list(self._hearts) if not loop.is_closed() for request in requests_of(loop)]

    def _tell_stall(self, heart: Heartbeat, episode: Episode, ended: float, ongoing: bool) -> None:
        def collecting(began: float, ended: float) -> float:
            return self._collector.seconds(began, ended, heart.thread)

        for verdict in judge(episode, ended, self._threshold, collecting):
            owner = verdict.owner
            finding = Finding(
                kind=verdict.kind,
                seconds=verdict.seconds,
                place=None if verdict.step is None else verdict.step.place,
                call=verdict.call,
                route=None,
                endpoint=None,
                task=owner.name,
                chain=_places(verdict.chain),
                advice="",
                at=datetime.now(UTC),
                ongoing=ongoing,
            )
            self._finish_when_routed(finding, owner.request, _Finisher(verdict, self.routes, heart.loop))

    def _tell_await(self, name: str, place: Place, chain: Stack, request: Request | None) -> None:
        finding = Finding(
            kind="forgotten-await",
            seconds=0.0,
            place=place,
            call=name,
            route=None,
            endpoint=None,
            task=None,
            chain=_places(chain),
            advice=advice_for_await(name),
            at=datetime.now(UTC),
        )
        self._finish_when_routed(finding, request, _with_route)
        self._sampler.wake()

    def _finish_when_routed(
        self, finding: Finding, request: Request | None, finish: Callable[[Finding, Route | None], Finding]
    ) -> None:
        route = None if request is None else request.route
        if request is None or route is not None or finding.ongoing:
            self._add(finish(finding, route))
        else:
            self._pending.append(_Pending(finding, request, monotonic() + PATIENCE, finish))

    def _look_after(self) -> bool:
        for loop in list(self._hearts):
            if loop.is_closed():  # without the application's lifespan, nobody says so
                self.remove_loop(loop)
        self._settle(everything=not self._hearts)
        self._tell_all()
        return bool(self._pending)

    def settle(self) -> None:
        """Tell of what was found, even if the routers have not said yet whose it is. It may wait for the disk."""
        self._sampler.join()
        self._settle(everything=True)
        self._tell_all()

    def _settle(self, *, everything: bool = False) -> None:
        for _ in range(len(self._pending)):
            try:
                one = self._pending.popleft()
            except IndexError:
                return  # another thread was faster
            route = one.request.route
            if route is None and monotonic() < one.until and not everything:
                self._pending.append(one)
            else:
                self._add(one.finish(one.finding, route))

    def _add(self, finding: Finding) -> None:
        self._untold.append((finding, None if finding.ongoing else self.report.add(finding)))

    def _tell_all(self) -> None:
        """Tell of what was added. Not where it was added: that may be the loop, and to tell is to write to a file."""
        for _ in range(len(self._untold)):
            try:
                finding, group = self._untold.popleft()
            except IndexError:
                return  # another thread was faster
            self._tell(finding, group)


@dataclass(frozen=True, slots=True)
class _Finisher:
    """Adds to a stall what can be said once its request's route is known."""

    verdict: Verdict
    routes: KnownRoutes
    loop: asyncio.AbstractEventLoop

    def __call__(self, finding: Finding, route: Route | None) -> Finding:
        verdict = self.verdict
        if route is None and verdict.stack:
            present = [one.route for one in requests_of(self.loop)]
            known = [*self.routes, *(one for one in present if one is not None)]
            route = _only([one for one in known if _is_on(one, verdict.stack)])
            outermost = verdict.stack[-1].code
            if route is None and outermost is not None and not verdict.elsewhere and verdict.owner is NOBODY:
                # A plain callback: whoever is there now, or else was once, and whose code names its function.
                naming = [one for one in known if outermost in set(codes_of(one))]
                route = _only([one for one in naming if one in present]) or _only(naming)
        finding = _with_route(finding, route)
        endpoint = None if route is None else route.endpoint
        code = getattr(endpoint, "__code__", None)
        if finding.place is None and verdict.stack and code is not None:
            # What ran is the framework's, for this endpoint: what it returned is being checked and encoded.
            place = definition_of(code)
            finding = replace(finding, place=place, chain=(place,))
        advice = advice_for(verdict.kind, verdict.call, verdict.step, verdict.stack, endpoint)
        return replace(finding, advice=advice)


def _with_route(finding: Finding, route: Route | None) -> Finding:
    if route is None:
        return finding
    return replace(finding, route=route.name, endpoint=_full_name(route.endpoint))


def _is_on(route: Route, stack: Stack) -> bool:
    """Whether a route's endpoint is on a stack."""
    code = getattr(route.endpoint, "__code__", None)
    return code is not None and any(
        step.place.file == code.co_filename and step.place.function.rpartition(".")[2] == code.co_name for step in stack
    )


def _only(routes: Sequence[Route]) -> Route | None:
    """Return the route, if they are all of the same name."""
    return routes[0] if len({route.name for route in routes}) == 1 else None


def _full_name(endpoint: Any) -> str | None:
    if endpoint is None:
        return None
    name = getattr(endpoint, "__qualname__", None) or type(endpoint).__qualname__
    return f"{getattr(endpoint, '__module__', None) or '?'}.{name}"


def _places(steps: Stack) -> tuple[Place, ...]:
    return tuple(step.place for step in steps[-LONGEST_CHAIN:])
