"""What a function is sure to have passed: before it comes to another place, or when it returns."""

from __future__ import annotations

import ast
from collections.abc import Callable

from loopline.check.indexing import position
from loopline.check.model import FunctionInfo
from loopline.check.regions import regions
from loopline.check.stores import are_in_one_loop

__all__ = ["is_before", "is_passed", "may_precede"]

SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Return, ast.Assert)
FAILING = (ast.Raise,)
LEAVING = (ast.Raise, ast.Return, ast.Continue, ast.Break)  # what follows is not reached
Position = tuple[int, int]


def is_before(info: FunctionInfo, one: ast.AST, other: ast.AST) -> bool:
    """Tell whether a place is sure to be passed before another is reached.

    Args:
        info: The function.
        one: The place.
        other: The other.
    """
    first, second = position(one), position(other)
    if isinstance(other, ast.Yield) and other.value is not None:
        second = (other.value.end_lineno or 0, other.value.end_col_offset or 0)  # what it gives comes first
    if first >= second or isinstance(info.node, ast.Lambda):
        return False
    if any(part.start <= first < part.end and not part.start <= second < part.end for part in regions(info)):
        return False
    return _passes(info.node.body, first, second)


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
    return _is_reached(info.node.body, at, is_decided, FAILING)


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
    block: list[ast.stmt], at: Position, is_decided: Callable[[ast.expr], bool], ends: tuple[type[ast.stmt], ...]
) -> bool:
    for statement in block:
        if _holds(statement, at):
            return _is_sure(statement, at, is_decided, ends)
        if not (isinstance(statement, ast.If) and is_decided(statement.test)) and _returns(statement):
            return False
    return False


def _returns(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    return any(isinstance(one, ast.Return) for one in ast.walk(statement))


def _passes(block: list[ast.stmt], first: Position, second: Position) -> bool:
    for statement in block:
        holds_first, holds_second = _holds(statement, first), _holds(statement, second)
        if holds_first and holds_second:
            if isinstance(statement, SIMPLE) or _is_head(statement, first):
                return True
            return any(_spans(inner, first, second) and _passes(inner, first, second) for inner in _blocks(statement))
        if holds_first:
            return _is_sure(statement, first, lambda _: False, LEAVING)
    return False


def _spans(block: list[ast.stmt], first: Position, second: Position) -> bool:
    return position(block[0]) <= first and second <= (block[-1].end_lineno or 0, block[-1].end_col_offset or 0)


def _is_sure(
    statement: ast.stmt, at: Position, is_decided: Callable[[ast.expr], bool], ends: tuple[type[ast.stmt], ...]
) -> bool:
    """Whether a statement is sure to come to a place in it, not in a loop or a branch, or else to leave by ``ends``."""
    if isinstance(statement, SIMPLE) or _is_head(statement, at):
        return True
    match statement:
        case ast.With() | ast.AsyncWith():
            return _is_reached(statement.body, at, is_decided, ends)
        case ast.Try(handlers=handlers) if all(isinstance(one.body[-1], ends) for one in handlers):
            return _is_reached([*statement.body, *statement.orelse, *statement.finalbody], at, is_decided, ends)
        case ast.If(test=test) if is_decided(test):
            return any(_is_reached(one, at, is_decided, ends) for one in (statement.body, statement.orelse))
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
    return position(statement) <= at <= (statement.end_lineno or 0, statement.end_col_offset or 0)
