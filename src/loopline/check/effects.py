"""What a call of a function does to its thread: which calls block, and which functions of the project it runs."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from loopline.check.events import Block, Run
from loopline.check.indexing import position
from loopline.check.model import FunctionInfo
from loopline.check.once import remembered_calls
from loopline.check.values import Frame
from loopline.check.walking import effects_of

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["Effects"]


class Effects:
    """Effects of calls, found when asked for and remembered."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._known: dict[Frame, list[Block | Run]] = {}
        self._remembered: dict[FunctionInfo, set[int]] = {}

    def of(self, frame: Frame) -> list[Block | Run]:
        """Return what running a function does, in source order."""
        known = self._known.get(frame)
        if known is None:
            self._known[frame] = []
            with suppress(RecursionError):  # code nested beyond reason is left out
                self._known[frame] = self._walk(frame)
            known = self._known[frame]
        return known

    def _walk(self, frame: Frame) -> list[Block | Run]:
        living = self._inference.living
        found = [one for one in effects_of(self._inference, frame) if living.runs(position(one.node), frame)]
        if not found:
            return found
        remembered = self._remembered.get(frame.info)
        if remembered is None:
            remembered = self._remembered[frame.info] = remembered_calls(frame.info)
        return [_doubtful(one) if id(one.node) in remembered else one for one in found]


def _doubtful(event: Block | Run) -> Block | Run:
    if isinstance(event, Run):
        return replace(event, certain=False, alternatives=())
    return replace(event, certain=False)
