"""A check's work grows with the size of a project: counted in calls, not in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from loopline.check import check

HEAD = """
import functools, time
from contextvars import ContextVar
from fastapi import FastAPI
app = FastAPI()
kept = ContextVar("kept", default=None)
@functools.lru_cache
def read(of=1):
    return open("a").read()
def get():
    found = kept.get()
    if found is None:
        found = open("b").read()
        kept.set(found)
    return found
"""


def long(count: int) -> str:
    lines = "".join(
        f"    if a == {n}:\n        return b\n    read({n})\n    x{n} = open(b).read()\n" for n in range(count)
    )
    return f"@app.get('/')\nasync def index(a: int, b):\n{lines}"


def below_one_with(count: int) -> str:
    lines = "".join(f"        get()\n        if a == {n}:\n            return b\n" for n in range(count))
    return f"@app.get('/')\nasync def index(a: int, b):\n    with open(b):\n{lines}"


def deep(count: int) -> str:
    calls = "".join(f"def f{n}(a=0):\n    if a:\n        return\n    read()\n    f{n + 1}(a)\n" for n in range(count))
    return f"{calls}def f{count}(a=0):\n    time.sleep(1)\n@app.get('/')\nasync def index():\n    f0()\n"


def two_ways_each(count: int) -> str:
    calls = "".join(
        f"def f{n}(a=0, b=0):\n    if b is None:\n        return\n    f{n + 1}(1, a)\n    f{n + 1}(2, b)\n"
        for n in range(count)
    )
    return f"{calls}def f{count}(a=0, b=0):\n    time.sleep(1)\n@app.get('/')\nasync def index():\n    f0()\n"


def many_callers(count: int) -> str:
    routes = "".join(
        f"@app.get('/{n}')\nasync def index{n}():\n    read()\n    wait({n}, 'x{n}')\n" for n in range(count)
    )
    return f"def wait(a, b=None):\n    if a == 1:\n        return\n    time.sleep(1)\n{routes}"


@pytest.mark.parametrize(
    "shape", [long, below_one_with, deep, two_ways_each, many_callers], ids=lambda one: one.__name__
)
@pytest.mark.loopline(off=True)
def test_four_times_the_code_is_less_than_nine_times_the_work(shape: Callable[[int], str], tmp_path: Path) -> None:
    few, many = (_calls(HEAD + shape(count), tmp_path) for count in (20, 80))
    assert many < 9 * few


def _calls(code: str, folder: Path) -> int:
    count = 0

    def note(_frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        count += event == "call"

    (folder / "app.py").write_text(code)
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        check([folder])
    finally:
        sys.setprofile(before)
    return count
