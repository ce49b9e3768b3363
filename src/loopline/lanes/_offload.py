"""offload: a plain function becomes an ``async def`` one that runs in a lane."""

from __future__ import annotations

import functools
import importlib
import pickle
from collections.abc import Callable, Coroutine
from typing import Any, Generic, ParamSpec, TypeVar

from loopline.lanes._callable import check_callable
from loopline.lanes.lane import Lane

__all__ = ["offload_to"]

P = ParamSpec("P")
R = TypeVar("R")


class _Original(Generic[P, R]):
    """The function behind the decorator. Its module's name for it is the decorated one, so pickle must look behind."""

    def __init__(self, fn: Callable[P, R]) -> None:
        self._fn = fn
        functools.update_wrapper(self, fn)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._fn(*args, **kwargs)

    def __reduce__(self) -> tuple[Callable[[str, str, int], Any], tuple[str, str, int]]:
        module, name = self._fn.__module__, self._fn.__qualname__
        # There may be decorators above this one, and below it.
        layer, depth = _named(module, name), 0
        while layer is not self._fn:
            layer, depth = getattr(layer, "__wrapped__", None), depth + 1
            if layer is None:
                raise pickle.PicklingError(f"{module}.{name} is not the function that was decorated")
        return _look_behind, (module, name, depth)


def _look_behind(module: str, name: str, depth: int) -> Any:
    layer = _named(module, name)
    for _ in range(depth):
        layer = layer.__wrapped__
    return layer


def _named(module: str, name: str) -> Any:
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def offload_to(lane: Lane, fn: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Do what ``Lane.offload`` promises, for any lane."""
    check_callable(fn)
    original = _Original(fn)

    @functools.wraps(fn)
    async def offloaded(*args: P.args, **kwargs: P.kwargs) -> R:
        if kwargs:
            return await lane.run(functools.partial(original, *args, **kwargs))
        return await lane.run(original, *args)

    return offloaded
