"""Whether the same function has asked before for what a cached function, or property, remembers: told of there."""

from __future__ import annotations

import ast
from collections import deque

from loopline.check.attributes import decorator_names
from loopline.check.decorators import is_cached
from loopline.check.effects import Effects
from loopline.check.events import Block, Run
from loopline.check.indexing import position
from loopline.check.model import FunctionInfo
from loopline.check.regions import regions
from loopline.check.values import Frame

__all__ = ["is_filled_before"]

MOST = 200  # calls that are looked at below an earlier one
SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Return, ast.Assert)


def is_filled_before(effects: Effects, frame: Frame, event: Block | Run) -> bool:
    """Tell whether an earlier line of the same call runs a cached function first.

    Args:
        effects: What calls do.
        frame: The call.
        event: A call of a cached function, or the reading of a cached property, in it.
    """
    if not isinstance(event, Run) or isinstance(frame.info.node, ast.Lambda):
        return False
    info = event.frame.info
    is_property = "cached_property" in decorator_names(info)
    if not is_property and not is_cached(info):
        return False
    for earlier in effects.of(frame):
        if earlier is event or not isinstance(earlier, Run) or earlier.spawned:
            continue
        if not _is_before(frame.info, earlier.node, event.node):
            continue
        if earlier.frame.info is info:
            if ast.unparse(earlier.node) == ast.unparse(event.node):
                return True
        elif _runs(effects, earlier, event, is_property=is_property):
            return True
    return False


def _runs(effects: Effects, earlier: Run, event: Run, *, is_property: bool) -> bool:
    """Whether a call runs, at any depth, what another does: of the same object, or with the same literals."""
    if is_property and _receiver(earlier.node) != _receiver(event.node):
        return False
    seen, waiting = {earlier.frame}, deque((earlier.frame,))
    while waiting and len(seen) < MOST:
        frame = waiting.popleft()
        for one in effects.of(frame):
            if not isinstance(one, Run) or one.spawned or (is_property and _receiver(one.node) != _self(frame.info)):
                continue
            if one.frame.info is event.frame.info and (is_property or _arguments(one.node) == _arguments(event.node)):
                return True
            if one.frame not in seen:
                seen.add(one.frame)
                waiting.append(one.frame)
    return False


def _self(info: FunctionInfo) -> str:
    return info.positional[0].arg if info.owner is not None and info.positional else "-"


def _receiver(node: ast.AST) -> str:
    target = node.func if isinstance(node, ast.Call) else node
    return ast.unparse(target.value) if isinstance(target, ast.Attribute) else ""


def _arguments(node: ast.AST) -> str:
    """The arguments of a call; what is no literal is like nothing else."""
    parts = [*node.args, *(keyword.value for keyword in node.keywords)] if isinstance(node, ast.Call) else []
    if all(isinstance(part, ast.Constant) for part in parts):
        return ", ".join(ast.unparse(part) for part in parts)
    return f"{id(node)}"


def _is_before(info: FunctionInfo, one: ast.AST, other: ast.AST) -> bool:
    """Whether a place is sure to be passed before another is reached."""
    first, second = position(one), position(other)
    if first >= second or isinstance(info.node, ast.Lambda):
        return False
    if any(part.start <= first < part.end and not part.start <= second < part.end for part in regions(info)):
        return False
    return _passes(info.node.body, first, second)


def _passes(block: list[ast.stmt], first: tuple[int, int], second: tuple[int, int]) -> bool:
    for statement in block:
        holds_first, holds_second = _holds(statement, first), _holds(statement, second)
        if holds_first and holds_second:
            if isinstance(statement, SIMPLE) or _is_head(statement, first):
                return True
            return any(_passes(inner, first, second) for inner in _blocks(statement))
        if holds_first:
            return _is_sure(statement, first)
    return False


def _is_sure(statement: ast.stmt, at: tuple[int, int]) -> bool:
    """Whether a statement is sure to come to a place in it: not in a loop or a branch."""
    if isinstance(statement, SIMPLE) or _is_head(statement, at):
        return True
    inner = statement.body if isinstance(statement, ast.With | ast.AsyncWith) else []
    return any(_is_sure(one, at) for one in inner if _holds(one, at))


def _is_head(statement: ast.stmt, at: tuple[int, int]) -> bool:
    """Whether a place is in what a statement evaluates before its blocks."""
    blocks = _blocks(statement)
    return bool(blocks) and at < position(blocks[0][0])


def _blocks(statement: ast.stmt) -> list[list[ast.stmt]]:
    found = [block for name in ("body", "orelse", "finalbody") if (block := getattr(statement, name, None))]
    handlers = [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]
    return [*found, *(one.body for one in handlers)]


def _holds(statement: ast.stmt, at: tuple[int, int]) -> bool:
    return position(statement) <= at < (statement.end_lineno or 0, statement.end_col_offset or 0)
