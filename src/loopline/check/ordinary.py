"""What a function does whenever it is called, and what only on some of its ways.

if not wanted:
    return None
return requests.get(URL)
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from weakref import WeakKeyDictionary

from loopline.check.effects import Effects
from loopline.check.events import Block, Run
from loopline.check.indexing import position
from loopline.check.living import Living
from loopline.check.model import FunctionInfo
from loopline.check.once import Kept
from loopline.check.order import may_return
from loopline.check.values import Frame

__all__ = ["Detour", "Ordinary", "is_ordinary"]

Position = tuple[int, int]
Nodes = Sequence[ast.AST]


class Detour(Enum):
    """Whether a call comes to a place: always, or else to another that blocks, or in some cases only."""

    NONE = 0
    SHORT = 1
    LONG = 2


@dataclass(frozen=True, slots=True)
class _Condition:
    """What a place hangs on: a test, if it is one, and what runs instead if it comes out otherwise."""

    test: ast.expr | None
    instead: Nodes


_Part = tuple[Position, Position, _Condition]
_known: WeakKeyDictionary[FunctionInfo, list[_Part]] = WeakKeyDictionary()


class Ordinary:
    """Questions on what happens in calls.

    Args:
        living: Knows how conditions come out.
        effects: What calls do.
    """

    def __init__(self, living: Living, effects: Effects) -> None:
        self._living = living
        self._effects = effects

    def detour(self, frame: Frame, event: Block | Run, blocks: Callable[[Block | Run], bool]) -> Detour:
        """Tell whether a call comes to a place whatever it is given, or else to another that blocks, or to none.

        What raises an error counts for nothing, and a loop for one that has something to go through.

        Args:
            frame: The call.
            event: What happens at the place.
            blocks: Tells of what else happens in the call whether it may block.
        """
        found = _conditions(frame.info, event.node)
        kept = self._effects.kept(frame.info).get(id(event.node)) if found else None
        open_ones = [one for one in found if one.test is None or not self._is_decided(one.test, frame, kept)]
        if all(self._blocks_instead(frame, one.instead, blocks) for one in open_ones):
            return Detour.SHORT if open_ones else Detour.NONE
        return Detour.LONG

    def _is_decided(self, test: ast.expr, frame: Frame, kept: Kept | None) -> bool:
        if kept is not None and kept.asks(test):
            return True  # whether it is there already is told of the event
        return self._living.outcome(test, frame) is not None

    def _blocks_instead(self, frame: Frame, instead: Nodes, blocks: Callable[[Block | Run], bool]) -> bool:
        if not instead:
            return False
        parts = [(position(node), _end(node)) for node in instead]
        events = [(position(one.node), one) for one in self._effects.of(frame)]
        return any(blocks(one) for at, one in events if any(start <= at < end for start, end in parts))


def is_ordinary(info: FunctionInfo, node: ast.AST) -> bool:
    """Tell whether each call of a function comes to a place in it, if it is not left by an error."""
    return not _conditions(info, node)


def _conditions(info: FunctionInfo, node: ast.AST) -> list[_Condition]:
    parts = _known.get(info)
    if parts is None:
        parts = _known[info] = [] if isinstance(info.node, ast.Lambda) else [*_parts(info, info.node.body)]
    at = position(node)
    return [condition for start, end, condition in parts if start <= at < end]


def _parts(info: FunctionInfo, body: list[ast.stmt]) -> Iterator[_Part]:
    """What runs in some cases only: from where, to where, and what it hangs on."""
    yield from _rests(info, body)
    for node in info.parts:
        match node:
            case ast.If(test=test, body=body, orelse=orelse):
                yield from (_part(body, test, orelse), *_rests(info, body), *_rests(info, orelse))
                if orelse:
                    yield _part(orelse, test, body)
            case ast.IfExp(test=test, body=chosen, orelse=other):
                yield from (_part([chosen], test, [other]), _part([other], test, [chosen]))
            case ast.BoolOp(values=values):
                yield from (_part([after], before, ()) for before, after in pairwise(values))
            case ast.Match(cases=cases):
                for one in cases:
                    others = [part for other in cases if other is not one for part in other.body]
                    yield from (_part(one.body, None, others), *_rests(info, one.body))
            case ast.ExceptHandler(body=body):
                yield from (_part(body, None, ()), *_rests(info, body))
            case ast.Try() | ast.TryStar():
                for block in (node.body, node.orelse, node.finalbody):
                    yield from _rests(info, block)
            case ast.For() | ast.AsyncFor() | ast.While() | ast.With() | ast.AsyncWith():
                yield from _rests(info, node.body)
            case _:
                pass


def _rests(info: FunctionInfo, block: list[ast.stmt]) -> Iterator[_Part]:
    """What follows something that may be the last that is run of a block."""
    for index, statement in enumerate(block[:-1]):
        branches = [statement.body, statement.orelse] if isinstance(statement, ast.If) else []
        left = next((one for one in branches if one and isinstance(one[-1], ast.Return | ast.Break)), None)
        if left is not None:
            assert isinstance(statement, ast.If)
            yield _part(block[index + 1 :], statement.test, left)
        elif may_return(info, statement):
            yield _part(block[index + 1 :], None, [statement])


def _part(nodes: Nodes, test: ast.expr | None, instead: Nodes) -> _Part:
    return position(nodes[0]), _end(nodes[-1]), _Condition(test, instead)


def _end(node: ast.AST) -> Position:
    return getattr(node, "end_lineno", None) or 0, getattr(node, "end_col_offset", None) or 0
