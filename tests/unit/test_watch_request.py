"""The template of a request's route, whatever stands around the route."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

import loopline.demo
import loopline.lanes
from loopline.watch.advice import advice_for
from loopline.watch.finding import Place
from loopline.watch.frames import Step, count_as_own, is_own
from loopline.watch.owner import requests_of
from loopline.watch.request import KnownRoutes, Request, module_of, route_of


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
    request = Request([routes.keep(scope), 0.0])
    assert request.route is not None
    assert request.route.name == "GET /{tenant}/shop/items/{item}"
    assert "headers" not in request.scope
    assert [route.name for route in routes] == ["GET /{tenant}/shop/items/{item}"]


@pytest.mark.anyio
async def test_a_loop_whose_tasks_come_and_go_too_fast_is_said_to_have_no_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def all_tasks(loop: asyncio.AbstractEventLoop) -> set[Any]:
        raise RuntimeError("Set changed size during iteration")

    monkeypatch.setattr(asyncio, "all_tasks", all_tasks)
    assert requests_of(asyncio.get_running_loop()) == []


def test_an_application_is_of_the_package_that_most_of_its_endpoints_are_in() -> None:
    app = FastAPI()
    assert module_of(app) is None  # its documents are FastAPI's
    for path in ("/a", "/b"):
        app.get(path)(endpoint)
    app.mount("/static", PlainTextResponse("seen"))
    assert module_of(app) == endpoint.__module__.partition(".")[0]
    assert module_of(None) is None


def test_advice_names_what_ran_and_speaks_of_encoding_only_where_that_was_done() -> None:
    encoding = Step(Place("/x/site-packages/fastapi/routing.py", 360, "serialize_response"))
    other = Step(Place("/x/site-packages/fastapi/openapi/utils.py", 9, "get_openapi"))
    assert "checks and encodes the response" in advice_for("cpu", "", None, (other, encoding), None)
    said = advice_for("cpu", "", None, (Step(Place("/usr/lib/python3/json/encoder.py", 1, "encode")), other), None)
    assert "it is in `get_openapi` (/x/site-packages/fastapi/openapi/utils.py:9)" in said


def test_loopline_s_own_code_is_never_the_application_s_but_for_the_reference_service() -> None:
    count_as_own("loopline.demo.app")
    assert not is_own(loopline.lanes.__file__)
    assert is_own(loopline.demo.__file__)
