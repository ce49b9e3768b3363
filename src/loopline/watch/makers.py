"""Where a coroutine may have been made: the functions of a route whose code calls its function by name."""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from loopline.watch.finding import Place
from loopline.watch.frames import is_own
from loopline.watch.request import Route

__all__ = ["codes_of", "line_of", "maker_of", "names"]

DEEPEST = 3  # calls between an endpoint and the function that is looked for
MOST = 500  # functions that are looked at


def names(code: CodeType, name: str) -> bool:
    """Whether a function's code speaks of a name."""
    return name in code.co_names or name in code.co_freevars or name in code.co_varnames


@lru_cache(maxsize=1000)
def line_of(code: CodeType, name: str) -> int | None:
    """Return the line in which a function's code speaks of a name; None if there are several."""
    lines = {
        instruction.positions.lineno
        for instruction in dis.get_instructions(code)
        if instruction.argval == name and instruction.positions is not None
    }
    return lines.pop() if len(lines) == 1 else None


def maker_of(route: Route, name: str) -> Place | None:
    """Return the line of a route's own code that calls a function of this name; None if there is none.

    Looked at are its endpoint, its dependencies, and the functions that these call by a global name.
    """
    for code in codes_of(route):
        if is_own(code.co_filename) and names(code, name):
            return Place(code.co_filename, line_of(code, name) or code.co_firstlineno, code.co_qualname)
    return None


def codes_of(route: Route) -> Iterator[CodeType]:
    """Go through the code of a route's endpoint and dependencies, and of what these call by a global name."""
    functions: list[Any] = [route.endpoint, *route.dependencies]
    seen: set[CodeType] = set()
    for _ in range(DEEPEST + 1):
        called: list[Any] = []
        for function in map(_unwrapped, functions):
            if not isinstance(function, FunctionType) or function.__code__ in seen or len(seen) > MOST:
                continue
            seen.add(function.__code__)
            yield function.__code__
            yield from _inner(function.__code__)
            called += [function.__globals__.get(name) for name in function.__code__.co_names]
        functions = called


def _inner(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _inner(constant)


def _unwrapped(function: Callable[..., Any] | None) -> Any:
    while (inner := getattr(function, "__wrapped__", None) or getattr(function, "__func__", None)) is not None:
        function = inner
    return function
