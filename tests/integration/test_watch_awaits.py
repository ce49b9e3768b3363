"""Forgotten awaits: which function, where it was called, in which request; and Python warns as it always does."""

from __future__ import annotations

import asyncio
import gc
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import fastapi.dependencies.utils
import fastapi.routing
import httpx2
import pytest
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from waiting import until

from loopline import Watch
from loopline.watch import Finding

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.loopline(off=True),
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited"),
]

KEPT: list[Any] = []


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Let what a failed request's traceback holds die, and warn, in its own test."""
    yield
    gc.collect()


app = FastAPI()


async def fetch() -> int:
    return 1


class Shop:
    async def open(self) -> bool:
        return True


shop: Any = Shop()


@app.get("/dropped")
async def dropped() -> str:
    fetch()  # type: ignore[unused-coroutine]  # guilty: /dropped
    return "seen"


@app.get("/condition")
async def condition() -> str:
    return "open" if shop.open() else "closed"  # guilty: /condition


@app.get("/returned")
async def returned() -> Any:
    return fetch()  # guilty: /returned


@app.get("/nested")
async def nested() -> Any:
    return {"items": [{"price": fetch()}]}  # guilty: /nested


def forgetful() -> Any:
    return fetch()  # guilty: /injected


@app.get("/injected")
async def injected(given: Annotated[Any, Depends(forgetful)]) -> str:
    return "seen"


@app.get("/awaited")
async def awaited(given: Annotated[Any, Depends(forgetful)]) -> int:
    result: int = await given
    return result


@app.get("/plain")
def plain() -> Any:
    return {"price": fetch()}  # guilty: /plain


async def helper() -> None:
    fetch()  # type: ignore[unused-coroutine]  # guilty: /child


@app.get("/child")
async def child() -> str:
    await asyncio.gather(helper(), asyncio.sleep(0))
    return "seen"


@app.get("/innocent")
async def innocent() -> int:
    gc.collect()  # whatever died before dies here
    return await fetch()


@app.get("/cycle")
async def cycle() -> str:
    knot: list[Any] = [fetch()]
    knot.append(knot)
    return "seen"


def line_of(mark: str) -> int:
    lines = Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.endswith(f"# guilty: {mark}"))


@pytest.fixture
def watch() -> Iterator[Watch]:
    gc.collect()
    yield Watch(app)
    gc.collect()


def found(watch: Watch) -> list[Finding]:
    return [group.example for group in watch.report.groups if group.example.kind == "forgotten-await"]


async def ask(watch: Watch, *paths: str) -> None:
    transport = httpx2.ASGITransport(watch, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as http:
        for path in paths:
            await http.get(path)


@pytest.mark.parametrize("path", ["/dropped", "/condition", "/returned", "/nested", "/injected", "/plain", "/child"])
async def test_the_line_and_the_request_are_named(watch: Watch, path: str) -> None:
    await ask(watch, path, "/innocent")
    await until(lambda: found(watch))
    (one,) = found(watch)
    assert one.place is not None
    assert (one.route, one.place.file, one.place.line) == (f"GET {path}", __file__, line_of(path))
    assert one.call == ("open" if path == "/condition" else "fetch")
    assert one.advice == f"Write `await {one.call}(…)`."


async def test_an_endpoint_that_awaits_what_a_dependency_gave_it_is_not_blamed(watch: Watch) -> None:
    await ask(watch, "/awaited", "/innocent")
    assert found(watch) == []


async def test_what_dies_in_a_garbage_collection_blames_no_request(watch: Watch) -> None:
    await ask(watch, "/cycle", "/innocent")
    (one,) = found(watch)
    assert (one.call, one.route) == ("fetch", None)
    assert one.place is not None
    assert one.place.function == "fetch"


async def test_with_origins_the_line_is_known_though_it_died_in_a_collection() -> None:
    watch = Watch(app, origins=True)
    await ask(watch, "/cycle", "/innocent")
    (one,) = found(watch)
    assert one.place is not None
    assert (one.place.function, one.route) == ("cycle", None)


async def test_starlette_alone_is_enough() -> None:
    async def page(request: Request) -> Any:
        return fetch()

    watch = Watch(Starlette(routes=[Route("/page", page)]))
    await ask(watch, "/page")
    (one,) = found(watch)
    assert (one.call, one.route) == ("fetch", "GET /page")


async def test_python_warns_of_the_same_line_as_without_the_watch() -> None:
    def warned() -> list[tuple[str, int, str]]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fetch()  # type: ignore[unused-coroutine]
        return [(one.filename, one.lineno, str(one.message)) for one in caught]

    without = warned()
    await ask(Watch(app), "/innocent")
    assert warned() == without
    assert without[0][0] == __file__


@pytest.mark.parametrize(
    ("module", "name", "off"),
    [
        (warnings, "_warn_unawaited_coroutine", "forgotten awaits are not found"),
        (fastapi.routing, "run_in_threadpool", "by a `def` dependency are found without their route"),
        (fastapi.dependencies.utils, "run_in_threadpool", "by a `def` dependency are found without their route"),
    ],
)
async def test_where_a_private_name_is_missing_the_log_says_what_is_off_and_the_application_runs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, module: Any, name: str, off: str
) -> None:
    app = Starlette(routes=[Route("/page", _page)])
    monkeypatch.delattr(module, name)
    watch = Watch(app)
    with caplog.at_level(logging.WARNING, "loopline.watch"):
        await ask(watch, "/page")
    assert off in caplog.text
    assert f"there is no {module.__name__}.{name} here" in caplog.text
    await until(lambda: sum(watch.lag.counts))


async def _page(request: Request) -> Any:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse("seen")
