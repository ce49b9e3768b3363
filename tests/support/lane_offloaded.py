"""Offloaded functions as an application has them: their module's name for each is the decorated one."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Coroutine
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, ParamSpec, TypeVar

from loopline.lanes import ExecutorLane

P = ParamSpec("P")
R = TypeVar("R")

lane = ExecutorLane(lambda: ProcessPoolExecutor(1, get_context("spawn")), size=1)


def doubled(fn: Callable[P, int]) -> Callable[P, int]:
    @functools.wraps(fn)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> int:
        return 2 * fn(*args, **kwargs)

    return wrapper


def plus_one(fn: Callable[P, Coroutine[Any, Any, int]]) -> Callable[P, Coroutine[Any, Any, int]]:
    @functools.wraps(fn)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> int:
        return 1 + await fn(*args, **kwargs)

    return wrapper


@lane.offload
def where() -> int:
    return os.getpid()


@plus_one
@lane.offload
@doubled
def layered(number: int, *, scale: int = 1) -> int:
    return number * scale


class Report:
    @staticmethod
    @lane.offload
    def rows(number: int) -> list[int]:
        return list(range(number))


@lane.offload
def replaced() -> int:
    return 1


shadowed = replaced


def replaced() -> int:  # type: ignore[no-redef]  # what the test is about
    return 2
