"""A place on the loop that blocks it, as rules are told of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from loopline.check.events import Block
from loopline.check.finding import Step
from loopline.check.model import FunctionInfo, extent
from loopline.check.values import Frame

__all__ = ["Stop", "around_others"]


@dataclass(frozen=True, slots=True)
class Stop:
    """A place on the loop that blocks: the line in the function that the loop runs, and the way down to the call.

    ``served``: FastAPI calls the function, as an endpoint or a dependency, and nobody else does. ``more_inside``: a
    part of what stands there blocks by itself. ``once``: what on the way is done for all by whoever comes first;
    ``others``: how many more places may be that. ``sometimes``: it is not certain only since it is on some of the ways.
    ``replaceable``: something on the way is one of several that may be called, of which each blocks.
    """

    entry: Frame
    node: ast.AST
    block: Block
    certain: bool
    chain: tuple[Step, ...]
    holder: FunctionInfo
    place: str
    route: str
    served: bool = False
    more_inside: bool = False
    once: ast.AST | None = None
    others: int = 0
    sometimes: bool = False
    replaceable: bool = False


def around_others(nodes: list[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes that have another one inside."""
    open_ones: list[tuple[ast.AST, tuple[int, int]]] = []
    for node in sorted(dict.fromkeys(nodes), key=_from_outside):
        line, column, end_line, end_column = extent(node)
        while open_ones and open_ones[-1][1] < (end_line, end_column):
            open_ones.pop()
        if open_ones and (line, column) < open_ones[-1][1]:
            yield open_ones[-1][0]
        open_ones.append((node, (end_line, end_column)))


def _from_outside(node: ast.AST) -> tuple[int, int, int, int]:
    line, column, end_line, end_column = extent(node)
    return line, column, -end_line, -end_column
