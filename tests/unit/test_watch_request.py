"""The template of a request's route, whatever stands around the route."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI
from served import served
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send
from waiting import until

from loopline import Watch
from loopline.watch.owner import answered_by, requests_of
from loopline.watch.request import KnownRoutes, Request, route_of


async def endpoint() -> str:
    return "seen"


async def plain(request: Any) -> PlainTextResponse:
    return PlainTextResponse("seen")


def depended_on() -> int:
    return 1


def deeper(one: int = Depends(depended_on)) -> int:
    return one


def application() -> FastAPI:
    inner = APIRouter(prefix="/inner/{kind}")
    inner.add_api_route("/items/{item:path}", endpoint, dependencies=[Depends(deeper)])
    outer = APIRouter(prefix="/outer")
    outer.include_router(inner, prefix="/{more}")
    mounted = FastAPI()
    mounted.add_api_route("/items/{item}", endpoint)
    app = FastAPI(
        routes=[Route("/plain/{word}", plain), Mount("/{tenant}/starlette", routes=[Route("/{word}", plain)])]
    )
    app.include_router(outer, prefix="/api")
    app.add_api_route("/", endpoint)
    app.add_api_route("/numbers/{number:int}", endpoint)
    app.mount("/{tenant}/shop", mounted)
    return app


def scope_of(path: str) -> Scope:
    """Ask for a path; the scope as the routers have left it."""
    seen: list[Scope] = []
    app = application()

    async def remember(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await app(scope, receive, send)

    TestClient(remember).get(path)
    return seen[-1]


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/", "GET /"),
        ("/api/outer/7/inner/7/items/a/b", "GET /api/outer/{more}/inner/{kind}/items/{item}"),
        ("/api/outer/x/inner/y/items/z", "GET /api/outer/{more}/inner/{kind}/items/{item}"),
        ("/acme/shop/items/9", "GET /{tenant}/shop/items/{item}"),
        ("/plain/word", "GET /plain/{word}"),
        ("/acme/starlette/word", "GET /{tenant}/starlette/{word}"),
        ("/numbers/007", "GET /numbers/{number}"),
    ],
)
def test_the_template_has_all_prefixes_and_nothing_that_the_client_sent(path: str, template: str) -> None:
    route = route_of(scope_of(path))
    assert route is not None
    assert route.name == template
    assert route.endpoint in (endpoint, plain)


def test_a_path_that_leads_nowhere_has_no_route() -> None:
    assert route_of(scope_of("/s3cret")) is None


@pytest.mark.parametrize("path", ["/acme/shop/s3cret", "/plain-numbers/0007", "/acme/starlette/x/s3cret"])
def test_a_path_whose_template_is_not_known_shows_nothing_that_the_client_sent(path: str) -> None:
    route = route_of(scope_of(path))
    assert route is None or not {"s3cret", "0007", "acme"} & set(route.name.split("/"))


def test_what_fastapi_calls_before_is_known() -> None:
    route = route_of(scope_of("/api/outer/x/inner/y/items/z"))
    assert route is not None
    assert route.dependencies == (deeper, depended_on)


def test_an_ended_request_keeps_its_route_and_lets_the_rest_of_its_scope_go() -> None:
    routes, scope = KnownRoutes(), scope_of("/acme/shop/items/9")
    request = Request()
    request.scope = routes.keep(scope)
    assert request.route is not None
    assert request.route.name == "GET /{tenant}/shop/items/{item}"
    assert "headers" not in request.scope
    assert [route.name for route in routes] == ["GET /{tenant}/shop/items/{item}"]


def test_the_routes_of_requests_are_learnt_once_the_routers_have_seen_them() -> None:
    routes = KnownRoutes()
    for path, age in (("/acme/shop/items/9", 1.0), ("/plain/word", 0.0)):
        request = Request()
        request.scope, request.began = scope_of(path), monotonic() - age
        routes.recent.append(request)
    routes.learn()
    assert [route.name for route in routes] == ["GET /{tenant}/shop/items/{item}"]
    assert [request.scope["path"] for request in routes.recent] == ["/plain/word"]
    routes.recent[0].began -= 1.0
    routes.learn()
    routes.learn()
    assert [route.name for route in routes] == ["GET /{tenant}/shop/items/{item}", "GET /plain/{word}"]
    assert not routes.recent


@pytest.mark.anyio
@pytest.mark.parametrize("called", [served, lambda app: app], ids=["by a server", "in process"])
async def test_a_request_is_being_answered_until_it_ends_whatever_it_has_started(
    called: Callable[[ASGIApp], ASGIApp],
) -> None:
    app, go_on, started = FastAPI(), asyncio.Event(), []

    @app.get("/start")
    async def start() -> None:
        started.append(asyncio.create_task(go_on.wait()))
        await go_on.wait()

    watch, loop = Watch(app), asyncio.get_running_loop()
    transport = httpx2.ASGITransport(called(watch))
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as http:
        await http.get("/nowhere")  # the first makes the loop known
        asking = asyncio.create_task(http.get("/start"))
        await until(lambda: started)
        assert [one.scope["path"] for one in answered_by(loop) if not one.is_over] == ["/start"]
        go_on.set()
        await asking
        go_on.clear()
        started.append(asyncio.create_task(go_on.wait()))
        assert [one for one in answered_by(loop) if not one.is_over] == []
        go_on.set()
        await asyncio.gather(*started)


@pytest.mark.anyio
async def test_a_task_that_outlives_its_request_is_not_the_request() -> None:
    app, go_on, started = FastAPI(), asyncio.Event(), []

    @app.get("/start")
    async def start() -> None:
        started.append(asyncio.create_task(go_on.wait()))

    transport = httpx2.ASGITransport(served(Watch(app)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as http:
        for _ in range(2):
            await http.get("/start")
    loop = asyncio.get_running_loop()
    assert [one.route.name for one in requests_of(loop) if one.route] == ["GET /start"] * 2
    assert answered_by(loop) == []
    go_on.set()
    await asyncio.gather(*started)


@pytest.mark.anyio
async def test_a_loop_whose_tasks_come_and_go_too_fast_is_said_to_have_no_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def all_tasks(loop: asyncio.AbstractEventLoop) -> set[Any]:
        raise RuntimeError("Set changed size during iteration")

    monkeypatch.setattr(asyncio, "all_tasks", all_tasks)
    assert requests_of(asyncio.get_running_loop()) == []
