"""The watch on a real event loop: what blocks it is named with its line and its request, and nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import importlib
import inspect
import json
import re
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvloop
from fastapi import APIRouter, Depends, FastAPI
from starlette.types import Receive, Scope, Send
from waiting import until

from loopline import ConfigurationError, Watch
from loopline.watch import Finding

LONG = 0.5  # seconds that the guilty block: whatever else this machine does, it is seen

router = APIRouter(prefix="/shops/{shop}")


def block() -> None:
    time.sleep(LONG)  # guilty: block


@router.get("/items/{item}")
async def item(shop: str, item: int) -> str:
    deep()
    return "seen"


def deep() -> None:
    block()


def compute() -> float:
    total, end = 0.0, time.thread_time() + LONG
    while time.thread_time() < end:
        total += 1.0
    return total


@router.get("/compute")
async def compute_here(shop: str) -> float:
    return compute()


@router.get("/regex")
async def regex(shop: str) -> bool:
    return bool(re.match(r"(a+)+$", "a" * 25 + "b"))  # guilty: regex


@router.get("/bignum")
async def bignum(shop: str) -> int:
    number = 3**900_000
    for _ in range(20):
        number * number  # guilty: bignum
    return 1


async def child() -> None:
    await asyncio.sleep(0)
    time.sleep(LONG)  # guilty: child


@router.get("/gather")
async def gather(shop: str) -> str:
    await asyncio.gather(child(), asyncio.sleep(0))
    return "seen"


@router.get("/group")
async def group(shop: str) -> str:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(child())
    return "seen"


@router.get("/collect")
async def collect(shop: str) -> str:
    gc.collect()  # guilty: collect
    return f"{len(PLENTY)}"


@router.get("/import")
async def import_late(shop: str) -> str:
    importlib.import_module("slow_to_import")  # guilty: import
    return "seen"


@router.get("/many")
async def many(shop: str) -> str:
    async def tiny() -> None:
        end = time.thread_time() + 0.001
        while time.thread_time() < end:
            pass

    tasks = [asyncio.create_task(tiny()) for _ in range(600)]
    await asyncio.wait(tasks)
    return "seen"


def dependency() -> Iterator[int]:
    yield 1


async def slow_dependency() -> int:
    block()
    return 1


@router.get("/dependency")
async def of_dependency(shop: str, given: int = Depends(slow_dependency)) -> int:
    return given


@router.get("/thread")
def holds_the_gil(shop: str) -> bool:
    return bool(re.match(r"(a+)+$", "a" * 25 + "b"))  # guilty: thread


@router.get("/innocent")
async def innocent(shop: str) -> str:
    await asyncio.sleep(0.01)
    return "seen"


PLENTY: list[list[int]] = []


def line_of(mark: str) -> int:
    lines = Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.endswith(f"# guilty: {mark}"))


Call = Callable[[str], Finding]


class Watched:
    """An application that is watched, in a loop of its own kind, asked by innocent clients all the time."""

    def __init__(self, new_loop: Callable[[], asyncio.AbstractEventLoop], report: Path) -> None:
        app = FastAPI()
        app.include_router(router, prefix="/api")
        self.watch = Watch(app, report=report)
        self.report = report
        self._new_loop = new_loop

    def ask(self, path: str, wanted: int = 1) -> list[Finding]:
        """Ask for a path among innocent requests; what the watch found, once it has found so many things."""
        with asyncio.Runner(loop_factory=self._new_loop) as runner:
            return runner.run(self._ask(path, wanted))

    async def _ask(self, path: str, wanted: int) -> list[Finding]:
        transport = httpx2.ASGITransport(self.watch, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as http:
            await http.get("/api/shops/one/innocent")
            await asyncio.sleep(0.1)
            asking = [asyncio.create_task(self._keep_asking(http)) for _ in range(5)]
            await http.get(path)
            await until(lambda: len(self.watch.report.groups) >= wanted)
            for task in asking:
                task.cancel()
            await asyncio.wait(asking)
        return [one.example for one in self.watch.report.groups]

    async def _keep_asking(self, http: httpx2.AsyncClient) -> None:
        while True:
            await http.get("/api/shops/two/innocent")


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Watched:
    return Watched(request.param, tmp_path / "stalls.json")


@pytest.mark.parametrize(
    ("path", "template", "kind", "mark"),
    [
        ("/api/shops/one/items/7", "/api/shops/{shop}/items/{item}", "blocking", "block"),
        ("/api/shops/one/dependency", "/api/shops/{shop}/dependency", "blocking", "block"),
        ("/api/shops/one/gather", "/api/shops/{shop}/gather", "blocking", "child"),
        ("/api/shops/one/group", "/api/shops/{shop}/group", "blocking", "child"),
        ("/api/shops/one/regex", "/api/shops/{shop}/regex", "gil", "regex"),
        ("/api/shops/one/bignum", "/api/shops/{shop}/bignum", "gil", "bignum"),
        ("/api/shops/one/thread", "/api/shops/{shop}/thread", "gil", "thread"),
        ("/api/shops/one/collect", "/api/shops/{shop}/collect", "gc", "collect"),
    ],
)
def test_the_guilty_line_and_request_are_named(
    watched: Watched, path: str, template: str, kind: str, mark: str
) -> None:
    if kind == "gc" and not PLENTY:
        gc.disable()
        PLENTY.extend([i] for i in range(3_000_000))
        gc.enable()
    found = watched.ask(path)
    guilty = next((one for one in found if one.kind == kind), None)
    assert guilty is not None, found
    assert guilty.place is not None
    assert (guilty.route, guilty.place.file, guilty.place.line) == (f"GET {template}", __file__, line_of(mark))
    assert guilty.seconds > 0.1
