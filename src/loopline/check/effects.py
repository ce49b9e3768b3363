"""What a call of a function does to its thread: which calls block, and which functions of the project it runs."""

from __future__ import annotations

import ast
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from loopline.check.decorators import is_cached, is_kept_for_good
from loopline.check.ended import is_most_often_over, is_over
from loopline.check.events import Block, Run
from loopline.check.indexing import position
from loopline.check.model import FunctionInfo
from loopline.check.once import Kept, fallbacks, remembered_calls
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
        self._remembered: dict[FunctionInfo, dict[int, Kept]] = {}

    def of(self, frame: Frame) -> list[Block | Run]:
        """Return what running a function does, in source order."""
        known = self._known.get(frame)
        if known is None:
            self._known[frame] = []
            with suppress(RecursionError):  # code nested beyond reason is left out
                self._known[frame] = self._walk(frame)
            known = self._known[frame]
        return known

    def kept(self, info: FunctionInfo) -> dict[int, Kept]:
        """Return the ids of the nodes of a function that run only until their result is known, and where it is kept."""
        known = self._remembered.get(info)
        if known is None:
            known = self._remembered[info] = remembered_calls(info)
        return known

    def _walk(self, frame: Frame) -> list[Block | Run]:
        living = self._inference.living
        found = [one for one in effects_of(self._inference, frame) if living.runs(position(one.node), frame)]
        found = [one for one in found if not is_over(self._inference, frame, one)]
        found = [_doubtful(one) if is_most_often_over(self._inference, frame, one) else one for one in found]
        if not found:
            return found
        remembered = self.kept(frame.info)
        instead = fallbacks(frame.info)
        return [
            replace(_doubtful(one), once=True) if id(one.node) in instead else one
            for event in found
            for one in self._first_times(event, remembered.get(id(event.node)), frame)
        ]

    def _first_times(self, event: Block | Run, kept: Kept | None, frame: Frame) -> list[Block | Run]:
        """What is left of an event whose result is kept: nothing if it is known from the start."""
        told = self._inference.import_time
        match event:
            case Run(node=ast.Call() as node, frame=Frame(info=called)) if is_cached(called):
                if told.has_called(called, node, frame.info.module):
                    return []
                if called.owner is None and is_kept_for_good(called):
                    event = replace(event, once=True)  # for each set of arguments
        if kept is not None and kept.in_context:
            return [event]  # each task begins with none
        if kept is not None and isinstance(event, Block) and event.effect.blocks == "lock":
            return []  # it guards what is made once: later nobody takes it
        if kept is not None and kept.in_object:
            is_long = frame.info.owner is not None and self._inference.lifetimes.are_long(frame.info.owner)
            return [_doubtful(event) if is_long else event]
        if kept is not None:
            return [] if told.has_filled(frame, kept) else [replace(_doubtful(event), once=not kept.by)]
        return [event]


def _doubtful(event: Block | Run) -> Block | Run:
    return replace(event, certain=False, alternatives=())
