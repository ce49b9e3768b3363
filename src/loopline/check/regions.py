"""Which parts of a function run only if a condition comes out so, and which never: what can't run is left out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from loopline.check.indexing import position
from loopline.check.model import FunctionInfo, extent
from loopline.check.nodes import kinds

__all__ = ["Region", "regions", "unreachable"]

LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)
Position = tuple[int, int]
_WITH_BLOCKS = kinds(
    ast.If, ast.While, ast.For, ast.AsyncFor, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.ExceptHandler,
    ast.match_case,
)  # fmt: skip
_known: WeakKeyDictionary[FunctionInfo, list[Region]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Region:
    """A part that does not run if the test has the outcome."""

    start: Position
    end: Position
    test: ast.expr
    outcome: bool


def regions(info: FunctionInfo) -> list[Region]:
    """Return the parts of a function that hang on a condition, those that follow an early `return` included.

    Args:
        info: The function.
    """
    found = _known.get(info)
    if found is None:
        found = _known[info] = _find(info)
    return found


def unreachable(info: FunctionInfo) -> Iterator[tuple[Position, Position]]:
    """Yield where a part begins and ends that nothing leads to: it follows what leaves its own block.

    Args:
        info: The function.
    """
    for block in _blocks(info):
        leaving = next((index for index, one in enumerate(block[:-1]) if isinstance(one, LEAVES)), None)
        if leaving is not None:
            yield position(block[leaving + 1]), extent(block[-1])[2:]


def _find(info: FunctionInfo) -> list[Region]:
    found = [region for block in _blocks(info) for region in _left(block)]
    for node in info.parts:
        match node:
            case ast.If(test=test, body=body, orelse=orelse):
                found.append(_region(body, test, False))
                if orelse:
                    found.append(_region(orelse, test, True))
            case ast.While(test=test, body=body):
                found.append(_region(body, test, False))
            case ast.IfExp(test=test, body=chosen, orelse=other):
                found.append(_region([chosen], test, False))
                found.append(_region([other], test, True))
            case ast.BoolOp(op=op, values=values):
                for index, value in enumerate(values[:-1]):
                    found.append(_region(values[index + 1 :], value, isinstance(op, ast.Or)))
            case _:
                pass
    return found


def _blocks(info: FunctionInfo) -> Iterator[list[ast.stmt]]:
    if not isinstance(info.node, ast.Lambda):
        yield info.node.body
    for node in info.parts:
        if node.__class__ in _WITH_BLOCKS:
            for name in ("body", "orelse", "finalbody"):
                if block := getattr(node, name, None):
                    yield block


def _left(block: list[ast.stmt]) -> Iterator[Region]:
    """What follows `if x: return` in a block."""
    for index, node in enumerate(block[:-1]):
        if isinstance(node, ast.If):
            for branch, outcome in ((node.body, True), (node.orelse, False)):
                if branch and isinstance(branch[-1], LEAVES):
                    yield _region(block[index + 1 :], node.test, outcome)


def _region(nodes: list[ast.stmt] | list[ast.expr], test: ast.expr, outcome: bool) -> Region:
    return Region(position(nodes[0]), extent(nodes[-1])[2:], test, outcome)
