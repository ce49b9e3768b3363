"""What a function does whenever it is called, and what only on some of its ways.

if not wanted:
    return None
return requests.get(URL)
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from weakref import WeakKeyDictionary

from loopline.check.effects import Effects
from loopline.check.events import Block, Run
from loopline.check.indexing import position
from loopline.check.living import Living
from loopline.check.model import FunctionInfo
from loopline.check.once import Kept
from loopline.check.values import Frame

__all__ = ["Ordinary"]

Position = tuple[int, int]
Nodes = Sequence[ast.AST]
_known: WeakKeyDictionary[FunctionInfo, dict[ast.AST, list[_Condition]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class _Condition:
    """What a place hangs on: a test, if it is one, and what runs instead if it comes out otherwise."""

    test: ast.expr | None
    instead: Nodes


class Ordinary:
    """Questions on what happens in calls.

    Args:
        living: Knows how conditions come out.
        effects: What calls do.
    """

    def __init__(self, living: Living, effects: Effects) -> None:
        self._living = living
        self._effects = effects

    def happens(self, frame: Frame, event: Block | Run, blocks: Callable[[Block | Run], bool]) -> bool:
        """Tell whether a call comes to a place whatever it is given, or else to another that blocks.

        What raises an error counts for nothing, and a loop for one that has something to go through.

        Args:
            frame: The call.
            event: What happens at the place.
            blocks: Tells of what else happens in the call whether it may block.
        """
        found = _conditions(frame.info, event.node)
        kept = self._effects.kept(frame.info).get(id(event.node)) if found else None
        return all(
            (one.test is not None and self._is_decided(one.test, frame, kept))
            or self._blocks_instead(frame, one.instead, blocks)
            for one in found
        )

    def _is_decided(self, test: ast.expr, frame: Frame, kept: Kept | None) -> bool:
        if kept is not None and kept.asks(test):
            return True  # whether it is there already is told of the event
        return self._living.outcome(test, frame) is not None

    def _blocks_instead(self, frame: Frame, instead: Nodes, blocks: Callable[[Block | Run], bool]) -> bool:
        if not instead:
            return False
        start, end = position(instead[0]), _end(instead[-1])
        return any(start <= position(one.node) < end and blocks(one) for one in self._effects.of(frame))


def _conditions(info: FunctionInfo, node: ast.AST) -> list[_Condition]:
    known = _known.setdefault(info, {})
    if node not in known:
        body = [] if isinstance(info.node, ast.Lambda) else info.node.body
        known[node] = list(_in_block(body, position(node)))
    return known[node]


def _in_block(block: Sequence[ast.stmt], at: Position) -> Iterator[_Condition]:
    for statement in block:
        if position(statement) <= at < _end(statement):
            yield from _in_statement(statement, at)
            return
        if isinstance(statement, ast.If):
            for branch in (statement.body, statement.orelse):
                if branch and isinstance(branch[-1], ast.Return):
                    yield _Condition(statement.test, branch)


def _in_statement(statement: ast.stmt, at: Position) -> Iterator[_Condition]:
    match statement:
        case ast.If(test=test, body=body, orelse=orelse):
            for branch, other in ((body, orelse), (orelse, body)):
                if _is_in(branch, at):
                    yield _Condition(test, other)
                    yield from _in_block(branch, at)
                    return
        case ast.Match(cases=cases):
            for one in cases:
                if _is_in(one.body, at):
                    others = [inner for other in cases if other is not one for inner in other.body]
                    yield _Condition(None, others)
                    yield from _in_block(one.body, at)
                    return
        case ast.Try() | ast.TryStar():
            for handler in statement.handlers:
                if _is_in(handler.body, at):
                    yield _Condition(None, ())
                    yield from _in_block(handler.body, at)
                    return
            for block in (statement.body, statement.orelse, statement.finalbody):
                if _is_in(block, at):
                    yield from _in_block(block, at)
            return
        case ast.For() | ast.AsyncFor() | ast.While():
            for block in (statement.body, statement.orelse):
                if _is_in(block, at):
                    yield from _in_block(block, at)
                    return
        case ast.With(body=body) | ast.AsyncWith(body=body) if _is_in(body, at):
            yield from _in_block(body, at)
            return
        case _:
            pass
    for part in ast.iter_child_nodes(statement):
        if isinstance(part, ast.expr | ast.withitem):
            yield from _in_expression(part, at)


def _in_expression(node: ast.AST, at: Position) -> Iterator[_Condition]:
    for one in ast.walk(node):
        match one:
            case ast.IfExp(test=test, body=body, orelse=orelse):
                for branch, other in ((body, orelse), (orelse, body)):
                    if _is_in([branch], at):
                        yield _Condition(test, [other])
            case ast.BoolOp(values=[*values]):
                for before, value in pairwise(values):
                    if _is_in([value], at):
                        yield _Condition(before, ())
            case _:
                pass


def _is_in(nodes: Nodes, at: Position) -> bool:
    return bool(nodes) and position(nodes[0]) <= at < _end(nodes[-1])


def _end(node: ast.AST) -> Position:
    return getattr(node, "end_lineno", None) or 0, getattr(node, "end_col_offset", None) or 0
