"""Which parts of a function run only if a condition comes out so: so that what can't run in a call is left out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from loopline.check.indexing import position
from loopline.check.model import FunctionInfo
from loopline.check.nodes import kinds

__all__ = ["Region", "regions"]

LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)
Position = tuple[int, int]
_DIVIDING = kinds(
    ast.If, ast.While, ast.IfExp, ast.BoolOp, ast.For, ast.AsyncFor, ast.With, ast.AsyncWith, ast.Try, ast.TryStar,
    ast.ExceptHandler, ast.match_case,
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


def _find(info: FunctionInfo) -> list[Region]:
    found: list[Region] = []
    if not isinstance(info.node, ast.Lambda):
        found.extend(_left(info.node.body))
    for node in info.parts:
        if node.__class__ not in _DIVIDING:
            continue
        match node:
            case ast.If(test=test, body=body, orelse=orelse):
                found.append(_region(body, test, False))
                if orelse:
                    found.append(_region(orelse, test, True))
                found.extend((*_left(body), *_left(orelse)))
            case ast.While(test=test, body=body):
                found.append(_region(body, test, False))
                found.extend((*_left(body), *_left(node.orelse)))
            case ast.IfExp(test=test, body=chosen, orelse=other):
                found.append(_region([chosen], test, False))
                found.append(_region([other], test, True))
            case ast.BoolOp(op=op, values=values):
                for index, value in enumerate(values[:-1]):
                    found.append(_region(values[index + 1 :], value, isinstance(op, ast.Or)))
            case ast.For(body=body) | ast.AsyncFor(body=body) | ast.With(body=body) | ast.AsyncWith(body=body):
                found.extend(_left(body))
            case ast.Try() | ast.TryStar():
                for block in (node.body, node.orelse, node.finalbody):
                    found.extend(_left(block))
            case ast.ExceptHandler(body=body) | ast.match_case(body=body):
                found.extend(_left(body))
            case _:
                pass
    return found


def _left(block: list[ast.stmt]) -> Iterator[Region]:
    """What follows `if x: return` in a block."""
    for index, node in enumerate(block[:-1]):
        if isinstance(node, ast.If):
            for branch, outcome in ((node.body, True), (node.orelse, False)):
                if branch and isinstance(branch[-1], LEAVES):
                    yield _region(block[index + 1 :], node.test, outcome)


def _region(nodes: list[ast.stmt] | list[ast.expr], test: ast.expr, outcome: bool) -> Region:
    last = nodes[-1]
    return Region(position(nodes[0]), (last.end_lineno or 0, last.end_col_offset or 0), test, outcome)
