"""Where a function assigns its names: whether a use is sure to see what the name was first given."""

from __future__ import annotations

import ast
from collections.abc import Callable
from weakref import WeakKeyDictionary

from loopline.check.indexing import position
from loopline.check.model import FunctionInfo, children
from loopline.check.nodes import kinds

__all__ = ["are_in_one_loop", "is_sure"]

Position = tuple[int, int]
_LOOKED_AT = kinds(ast.Name, ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.For, ast.AsyncFor, ast.While)
_known: WeakKeyDictionary[FunctionInfo, tuple[dict[str, list[Position]], list[tuple[Position, Position]]]] = (
    WeakKeyDictionary()
)


def is_sure(info: FunctionInfo, use: ast.Name, *, given: bool, runs: Callable[[Position], bool]) -> bool:
    """Tell whether nothing else was assigned to a name before a use of it.

    Args:
        info: The function.
        use: The use.
        given: Whether the name is a parameter; else the one assignment that there is counts.
        runs: Tells whether a place may be reached: what is assigned where it can't be does not count.
    """
    places, loops = _looked(info)
    at = position(use)
    stored = places.get(use.id, [])
    if not given:
        return len(stored) == 1 and stored[0] < at
    for one in stored:
        if (one < at or any(start <= one < end and start <= at < end for start, end in loops)) and runs(one):
            return False
    return True


def are_in_one_loop(info: FunctionInfo, one: Position, other: Position) -> bool:
    """Tell whether two places are in the same loop.

    Args:
        info: The function.
        one: The place.
        other: The other.
    """
    return any(start <= one < end and start <= other < end for start, end in _looked(info)[1])


def _looked(info: FunctionInfo) -> tuple[dict[str, list[Position]], list[tuple[Position, Position]]]:
    found = _known.get(info)
    if found is None:
        found = _known[info] = _look(info)
    return found


def _look(info: FunctionInfo) -> tuple[dict[str, list[Position]], list[tuple[Position, Position]]]:
    places: dict[str, list[Position]] = {}
    loops: list[tuple[Position, Position]] = []
    waiting: list[ast.AST] = [info.node]
    while waiting:
        node = waiting.pop()
        waiting.extend(children(node))
        if node.__class__ not in _LOOKED_AT:
            continue
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                places.setdefault(name, []).append(position(node))
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                places.setdefault(name, []).append(position(node))
            case ast.For() | ast.AsyncFor() | ast.While():
                loops.append((position(node), (node.end_lineno or 0, node.end_col_offset or 0)))
            case _:
                pass
    return places, loops
