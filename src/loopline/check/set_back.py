"""Which variables of the context a call may set back, by itself or in what it calls: a task's own are gone then."""

from __future__ import annotations

from ast import AST

from loopline.check.contexts import forgotten
from loopline.check.effects import Effects
from loopline.check.events import Run
from loopline.check.order import may_precede
from loopline.check.values import Frame

__all__ = ["SetBack"]


class SetBack:
    """Questions on calls; answers are remembered."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._known: dict[tuple[Frame, AST | None], frozenset[str]] = {}

    def before(self, frame: Frame, until: AST | None) -> frozenset[str]:
        """Return the names of what may have been set back when a call comes to a place, or is over.

        Args:
            frame: The call.
            until: The place; None for the end.
        """
        known = self._known.get((frame, until))
        if known is not None:
            return known
        self._known[frame, until] = frozenset()
        runs = [
            one.frame
            for one in self._effects.of(frame)
            if isinstance(one, Run)
            and not one.spawned  # a task of its own has a copy
            and (until is None or may_precede(frame.info, one.node, until))
        ]
        inner = [self.before(one, None) for one in runs]
        known = self._known[frame, until] = forgotten(frame.info).union(*inner)
        return known
