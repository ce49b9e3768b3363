"""What a function is sure to have passed: before it comes to another place, or when it returns."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Callable
from weakref import WeakKeyDictionary

from loopline.check.indexing import position
from loopline.check.model import FunctionInfo
from loopline.check.regions import regions
from loopline.check.stores import are_in_one_loop

__all__ = ["is_before", "is_passed", "may_precede", "may_return"]

SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Return, ast.Assert)
FAILING = (ast.Raise,)
LEAVING = (ast.Raise, ast.Return, ast.Continue, ast.Break)  # what follows is not reached
Position = tuple[int, int]
Part = tuple[Position, Position]  # from behind the one, to the other
_known: WeakKeyDictionary[FunctionInfo, dict[ast.AST, list[Part]]] = WeakKeyDictionary()


def is_before(info: FunctionInfo, one: ast.AST, other: ast.AST) -> bool:
    """Tell whether a place is sure to be passed before another is reached.

    Args:
        info: The function.
        one: The place.
        other: The other.
    """
    at = position(other)
    if isinstance(other, ast.Yield) and other.value is not None:
        at = (other.value.end_lineno or 0, other.value.end_col_offset or 0)  # what it gives comes first
    known = _known.setdefault(info, {})
    if one not in known:
        known[one] = _parts_after(info, position(one))
    return any(start < at <= end for start, end in known[one])


def is_passed(info: FunctionInfo, node: ast.AST, is_decided: Callable[[ast.expr], bool]) -> bool:
    """Tell whether a place is sure to be passed when a function returns.

    Args:
        info: The function.
        node: The place.
        is_decided: Tells of a condition that does not come between, since it is known how it comes out.
    """
    if isinstance(info.node, ast.Lambda):
        return True
    at = position(node)
    if any(one.start <= at < one.end and not is_decided(one.test) for one in regions(info)):
        return False
    return _is_reached(info, info.node.body, at, is_decided, FAILING)


def may_precede(info: FunctionInfo, one: ast.AST, other: ast.AST) -> bool:
    """Tell whether a place may be passed before another: it stands above, or both are in a loop.

    Args:
        info: The function.
        one: The place.
        other: The other.
    """
    first, second = position(one), position(other)
    return first < second or are_in_one_loop(info, first, second)


def _is_reached(
    info: FunctionInfo,
    block: list[ast.stmt],
    at: Position,
    is_decided: Callable[[ast.expr], bool],
    ends: tuple[type[ast.stmt], ...],
) -> bool:
    for statement in block:
        if _holds(statement, at):
            return _is_sure(info, statement, at, is_decided, ends)
        if not (isinstance(statement, ast.If) and is_decided(statement.test)) and may_return(info, statement):
            return False
    return False


def may_return(info: FunctionInfo, statement: ast.stmt) -> bool:
    """Tell whether a `return` is in a statement of a function.

    Args:
        info: The function.
        statement: The statement.
    """
    places = info.return_places
    first = bisect_left(places, position(statement))
    return first < len(places) and _holds(statement, places[first])


def _parts_after(info: FunctionInfo, place: Position) -> list[Part]:
    """Return the parts of a function that are not reached but past a place."""
    if isinstance(info.node, ast.Lambda):
        return []
    found = _after(info, info.node.body, place)
    ends = [one.end for one in regions(info) if one.start <= place < one.end]
    return [(start, min([end, *ends])) for start, end in found]


def _after(info: FunctionInfo, block: list[ast.stmt], place: Position) -> list[Part]:
    statement = next((one for one in block if _holds(one, place)), None)
    if statement is None:
        return []
    found = []
    if _is_sure(info, statement, place, lambda _: False, LEAVING):
        found.append((_end(statement), _end(block[-1])))
    if isinstance(statement, SIMPLE) or _is_head(statement, place):
        return [*found, (place, _end(statement))]
    return [*found, *(part for inner in _blocks(statement) for part in _after(info, inner, place))]


def _is_sure(
    info: FunctionInfo,
    statement: ast.stmt,
    at: Position,
    is_decided: Callable[[ast.expr], bool],
    ends: tuple[type[ast.stmt], ...],
) -> bool:
    """Whether a statement is sure to come to a place in it, not in a loop or a branch, or else to leave by ``ends``."""
    if isinstance(statement, SIMPLE) or _is_head(statement, at):
        return True
    match statement:
        case ast.With() | ast.AsyncWith():
            return _is_reached(info, statement.body, at, is_decided, ends)
        case ast.Try(handlers=handlers) if all(isinstance(one.body[-1], ends) for one in handlers):
            return _is_reached(info, [*statement.body, *statement.orelse, *statement.finalbody], at, is_decided, ends)
        case ast.If(test=test) if is_decided(test):
            return any(_is_reached(info, one, at, is_decided, ends) for one in (statement.body, statement.orelse))
        case _:
            return False


def _is_head(statement: ast.stmt, at: Position) -> bool:
    """Whether a place is in what a statement evaluates before its blocks."""
    blocks = _blocks(statement)
    return bool(blocks) and at < position(blocks[0][0])


def _blocks(statement: ast.stmt) -> list[list[ast.stmt]]:
    found = [block for name in ("body", "orelse", "finalbody") if (block := getattr(statement, name, None))]
    handlers = [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]
    return [*found, *(one.body for one in handlers)]


def _holds(statement: ast.stmt, at: Position) -> bool:
    return position(statement) <= at <= _end(statement)


def _end(statement: ast.stmt) -> Position:
    return statement.end_lineno or 0, statement.end_col_offset or 0
