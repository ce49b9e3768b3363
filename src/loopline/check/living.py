"""Leave out what does not run in a call: a branch whose condition is sure to come out the other way, dead code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from loopline.check.indexing import position
from loopline.check.missing import MISSING, is_for_missing
from loopline.check.model import FunctionInfo, ModuleInfo
from loopline.check.outcomes import known
from loopline.check.regions import regions, unreachable
from loopline.check.values import Frame

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["Living"]

Position = tuple[int, int]


class Living:
    """Questions on places in calls; answers are remembered."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._dead: dict[FunctionInfo, list[tuple[Position, Position]]] = {}
        self._outcomes: dict[tuple[Frame, ast.expr], bool | None] = {}

    def runs(self, at: tuple[int, int], frame: Frame) -> bool:
        """Tell whether a place in a function may be reached in a call.

        Args:
            at: The place: line and column.
            frame: The call.
        """
        info = frame.info
        for one in regions(info):
            if one.start <= at < one.end and self.outcome(one.test, frame) is one.outcome:
                return False
        dead = self._dead.get(info)
        if dead is None:
            dead = self._dead[info] = list(self._never(info))
        return not any(start <= at < end for start, end in dead)

    def _never(self, info: FunctionInfo) -> Iterator[tuple[Position, Position]]:
        """Where nothing leads, and what handles that a library is missing which the project needs anyway."""
        yield from unreachable(info)
        for node in info.parts if not MISSING.isdisjoint(info.used_names) else ():
            if isinstance(node, ast.Try) and (imported := _imported(node.body)):
                for handler in node.handlers:
                    if is_for_missing(handler) and all(self._is_needed(one, info.module) for one in imported):
                        yield position(handler), (handler.end_lineno or 0, handler.end_col_offset or 0)

    def _is_needed(self, name: str, module: ModuleInfo) -> bool:
        """Whether a library is imported without a way out where a module of the project begins."""
        top = name.partition(".")[0]
        if self._inference.project.module(name, module) is not None:
            return True
        users = self._inference.project.texts.matching(rf"(?m)^(?:import|from)[ \t]+{re.escape(top)}\b", top)
        return any(module.is_test or not one.is_test for one in users)

    def outcome(self, test: ast.expr, frame: Frame) -> bool | None:
        """Return how a condition in a function comes out in a call, if that is known.

        Args:
            test: The condition.
            frame: The call.
        """
        key = (frame, test)
        if key not in self._outcomes:
            self._outcomes[key] = None
            self._outcomes[key] = known(self._inference, test, frame.info, frame).truth
        return self._outcomes[key]


def _imported(block: list[ast.stmt]) -> list[str]:
    """What the imports at the start of a block import."""
    found: list[str] = []
    for statement in block:
        match statement:
            case ast.Import(names=names):
                found.extend(one.name for one in names)
            case ast.ImportFrom(module=str(module), level=0):
                found.append(module)
            case _:
                break
    return found
