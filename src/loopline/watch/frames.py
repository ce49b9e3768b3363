"""What a thread is doing: its stack as plain lines, and which of them are the application's own."""

from __future__ import annotations

import asyncio
import linecache
import os
import re
import sys
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import TypeAlias

import loopline
from loopline.watch.finding import Place

__all__ = ["Stack", "Step", "count_as_own", "definition_of", "guilty", "is_import", "is_own", "own_steps", "stack_of"]

MOST_DECORATORS = 50  # lines
DEEPEST = 1000  # steps of a stack that are looked at, from the innermost

_STANDARD = tuple(
    {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), str(Path(asyncio.__file__).parents[1])}
)
_PACKAGES = tuple({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
_LOOPLINE = str(Path(loopline.__file__).parent)
_DEMO = str(Path(_LOOPLINE, "demo"))
_named: set[str] = set()  # where packages are that somebody has said are the application's
_PASSED_ON = {"scope", "receive", "send"}  # the parameters of an ASGI application


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a stack.

    Attributes:
        place: Where it is.
        code: What runs there; None if only the place is known.
        instruction: Which of its instructions, in bytes; -1 if that is not known.
    """

    place: Place
    code: CodeType | None = None
    instruction: int = -1


Stack: TypeAlias = tuple[Step, ...]
"""Steps from the innermost outwards."""


def stack_of(frame: FrameType | None, base: int = 0) -> Stack:
    """Return a stack from the innermost step outwards. It holds no frame, and so keeps nothing of the program alive.

    Args:
        frame: The innermost frame.
        base: How many of the outermost frames are left out: those that run the loop.
    """
    steps: list[Step] = []
    while frame is not None and len(steps) < DEEPEST:
        code = frame.f_code
        place = Place(code.co_filename, frame.f_lineno or code.co_firstlineno, code.co_qualname)
        steps.append(Step(place, code, frame.f_lasti))
        frame = frame.f_back
    return tuple(steps[: len(steps) - base]) if frame is None else tuple(steps)


def definition_of(code: CodeType) -> Place:
    """Return the line in which a function is defined, below its decorators."""
    for line in range(code.co_firstlineno, code.co_firstlineno + MOST_DECORATORS):
        if re.match(rf"\s*(async\s+)?def\s+{re.escape(code.co_name)}\b", linecache.getline(code.co_filename, line)):
            return Place(code.co_filename, line, code.co_qualname)
    return Place(code.co_filename, code.co_firstlineno, code.co_qualname)


@lru_cache(maxsize=10_000)
def is_own(file: str) -> bool:
    """Whether a file is the application's, rather than Python's, a package's or Loopline's."""
    if any(file.startswith(place) for place in _named):
        return True
    if file.startswith("<") or "site-packages" in file or "dist-packages" in file:
        return False
    if file.startswith(_LOOPLINE):
        return file.startswith(_DEMO)
    return not file.startswith((*_STANDARD, *_PACKAGES))


def count_as_own(module: str) -> None:
    """Count the package of a module as the application's, though it may be installed beside what it needs.

    Args:
        module: The dotted name of a module that has been imported.
    """
    name = module.partition(".")[0]
    if name == loopline.__name__:
        return  # of its own package the reference service alone is an application
    top = sys.modules.get(name)
    places = [f"{Path(one)}{os.sep}" for one in getattr(top, "__path__", ())]
    file = getattr(top, "__file__", None)
    new = {*(places or ([file] if file else []))} - _named
    if new:
        _named.update(new)
        is_own.cache_clear()


def own_steps(stack: Stack) -> Stack:
    """Return the application's own steps, from the outermost inwards."""
    return tuple(step for step in reversed(stack) if is_own(step.place.file))


def guilty(stack: Stack) -> Step | None:
    """Return the application's own step that called what runs, if it did so itself.

    None if it only passed a request on, as middleware and clients in tests do: what runs then is the framework's.
    """
    for step in stack:
        if is_own(step.place.file):
            return step
        if _is_application(step):
            return None
    return None


def is_import(stack: Stack) -> bool:
    """Whether a module is being imported."""
    return any(step.place.file.startswith("<frozen importlib") for step in stack)


def _is_application(step: Step) -> bool:
    """Whether a step, not of the application's own, runs an ASGI application."""
    code = step.code
    return code is not None and _PASSED_ON.issubset(code.co_varnames[: code.co_argcount])
