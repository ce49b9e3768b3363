"""Leave out what does not run in a call: a branch whose condition is sure to come out the other way."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from loopline.check.model import FunctionInfo
from loopline.check.outcomes import known
from loopline.check.regions import Region, regions
from loopline.check.values import Frame

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["Living"]


class Living:
    """Questions on places in calls; answers are remembered."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._regions: dict[FunctionInfo, list[Region]] = {}
        self._outcomes: dict[tuple[Frame, ast.expr], bool | None] = {}

    def runs(self, at: tuple[int, int], frame: Frame) -> bool:
        """Tell whether a place in a function may be reached in a call.

        Args:
            at: The place: line and column.
            frame: The call.
        """
        info = frame.info
        found = self._regions.get(info)
        if found is None:
            found = self._regions[info] = regions(info)
        return not any(one.start <= at < one.end and self.outcome(one.test, frame) is one.outcome for one in found)

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
