"""What happens in a call of a function: calls that block, and functions of the project that run."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from loopline.check.libraries import Effect
from loopline.check.values import Frame

__all__ = ["Block", "Run"]


@dataclass(frozen=True, slots=True)
class Block:
    """A call that blocks its thread. ``alternatives`` and ``once``: as for a function that runs."""

    node: ast.AST
    effect: Effect
    certain: bool
    alternatives: tuple[tuple[Frame, ...], ...] = ()
    once: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A function of the project that runs here: in the same thread, or (``later``) on the same loop.

    ``spawned``: its coroutine is not awaited where it is made, so that it may become a task of its own.
    ``called``: what names the function, where that is not what ``node`` calls: it is handed to a library.
    ``alternatives``: the ways of which one is gone, each with its calls; if each blocks, the line does.
    ``once``: what it gives is kept for all: whoever comes first waits for it, and nobody after.
    """

    node: ast.AST
    frame: Frame
    certain: bool
    later: bool = False
    spawned: bool = False
    called: ast.expr | None = None
    alternatives: tuple[tuple[Frame, ...], ...] = ()
    once: bool = False
