"""The requests that are being answered, and how long the routes take, within limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import pytest
from fastapi import FastAPI

from loopline import _opened
from loopline.dashboard.view import Rates, stalls_of, view_of
from loopline.processes import Neighbours
from loopline.processes.snapshot import Teller
from loopline.processes.watching import watching
from loopline.watch import traffic as traffic_module
from loopline.watch.finding import Finding, Place
from loopline.watch.request import MARK, KnownRoutes, Request
from loopline.watch.traffic import OTHERS, Traffic
from loopline.watch.watcher import Watcher


def routed(name: str, kind: str = "http") -> dict[str, Any]:
    """A scope as the routers leave it."""

    async def endpoint() -> None: ...

    app = FastAPI()
    app.add_api_route(f"/{name}/{{item}}", endpoint)
    route = app.routes[-1]
    path = f"/{name}/7"
    return {
        MARK: True,
        "type": kind,
        "method": "GET",
        "path": path,
        "path_params": {"item": "7"},
        "endpoint": endpoint,
        "route": route,
    }


def answer(traffic: Traffic, scope: dict[str, Any]) -> None:
    traffic.end(begun(scope))


def begun(scope: dict[str, Any]) -> Request:
    return Request([scope, monotonic()])


def test_each_route_is_counted_by_its_template() -> None:
    traffic = Traffic(list)
    scope = routed("items")
    for _ in range(3):
        answer(traffic, dict(scope))
    answer(traffic, routed("users"))
    answer(traffic, {"type": "http", "method": "GET", "path": "/secret-path"})
    found = {one.route: one.ever.count for one in traffic.routes()}
    assert found == {"GET /items/{item}": 3, "GET /users/{item}": 1, "no route": 1}
    assert traffic.served == 5


def test_a_request_is_in_flight_until_it_is_answered() -> None:
    routes = KnownRoutes()
    marks: list[list[Any]] = [[routed("first"), 1.0], [{MARK: True, "type": "websocket", "path": "/second"}, 2.0]]
    first, second = map(Request, marks)
    traffic = Traffic(lambda: [second, first, second])
    seen = traffic.in_flight()
    assert [(one.route, one.kind) for one in seen] == [("GET /first/{item}", "http"), (None, "websocket")]
    assert seen[0].seconds >= seen[1].seconds >= 0
    for mark in marks:
        traffic.end(Request(mark))
        mark[0] = routes.keep(mark[0])
    assert traffic.in_flight() == [], "a task may go on working for it"
    assert [one.route for one in traffic.routes()] == ["GET /first/{item}"], "a websocket lasts as its client likes"


def test_so_many_routes_are_told_apart_and_the_rest_is_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic_module, "MOST", 2)
    traffic = Traffic(list)
    scopes = [routed(name) for name in "abcd"]  # held, so that none has the id of another
    for scope in scopes:
        answer(traffic, scope)
    found = {one.route: one.ever.count for one in traffic.routes()}
    assert found == {"GET /a/{item}": 1, "GET /b/{item}": 1, OTHERS: 2}


@pytest.fixture
async def watcher(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watcher]:
    """A watcher, and no other beside it: the tests themselves are watched."""
    monkeypatch.setattr(_opened, "watchers", _opened.Opened())
    watcher = Watcher(threshold=5.0, tell=lambda finding, group: None)
    watcher.add_loop()
    yield watcher
    watcher.remove_loop(asyncio.get_running_loop())


@pytest.mark.anyio
async def test_what_is_told_has_a_limit_however_much_there_is(watcher: Watcher) -> None:
    scopes = [routed(f"{'long' * 500}{number}") for number in range(1000)]
    for scope in scopes:
        answer(watcher.traffic, scope)
    for number in range(1000):
        place = Place("/app/" + "x" * 100, number, "f")
        for kind in ("blocking", "forgotten-await"):
            watcher.report.add(
                Finding(
                    kind, 0.2, place, "time.sleep", "GET /x", None, None, (place,) * 20, "advice", datetime.now(UTC)
                )
            )
    told = Teller().tell()
    assert len(told["routes"]) == 50
    assert len(told["stalls"]) + len(told["forgotten"]) <= 100
    assert told["served"] == 1000
    assert len(json.dumps(told)) < 500_000


async def seen_by(neighbours: Neighbours) -> tuple[dict[str, Any], dict[str, Any]]:
    found = await neighbours.ask()
    return view_of(found, Rates().rates(found), None), stalls_of(found, None)


@pytest.mark.anyio
async def test_what_the_page_gets_each_second_is_small(watcher: Watcher) -> None:
    scopes = [routed(f"route{number}") for number in range(1000)]
    for scope in scopes:
        answer(watcher.traffic, scope)
    view, _ = await seen_by(Neighbours())
    assert len(view["routes"]) == 20
    assert len(json.dumps(view)) < 10_000


@pytest.mark.anyio
async def test_of_two_watchers_on_one_loop_the_one_with_the_requests_counts(watcher: Watcher) -> None:
    other = Watcher(threshold=5.0, tell=lambda finding, group: None)
    other.add_loop()
    answer(other.traffic, routed("items"))
    assert watching() == [other]
    other.remove_loop(asyncio.get_running_loop())
    assert watching() == [watcher]
