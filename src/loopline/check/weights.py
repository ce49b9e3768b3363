"""What the steps of a way down to a call that blocks weigh: the lightest way is the one that is surest to be taken."""

from __future__ import annotations

from loopline.check.events import Block, Run
from loopline.check.ordinary import Detour
from loopline.check.values import Frame

__all__ = ["DETOURS", "NEVER", "SOMETIMES", "UNSURE", "last_choice", "weight_of"]

UNSURE = 1000  # a step that may not happen, in certain steps
SOMETIMES = 200  # one that is on some ways through what is called
ASIDE = 5  # one where what is on the other ways blocks, too
DETOURS = {Detour.NONE: 0, Detour.SHORT: ASIDE, Detour.LONG: SOMETIMES}
NEVER = 1 << 60  # a way that leads to no call that blocks


def weight_of(event: Block | Run, cost: dict[Frame, int]) -> int:
    """Return what a step weighs: 1 if it is sure to happen, or one of its alternatives, each of which surely blocks.

    Args:
        event: The step.
        cost: What the lightest way down from each call weighs, of those that lead to one that blocks.
    """
    if event.certain:
        return 1
    worst = max(
        (min((cost.get(one, UNSURE) for one in way), default=UNSURE) for way in event.alternatives), default=UNSURE
    )
    return 1 if worst < SOMETIMES else SOMETIMES if worst < UNSURE else UNSURE


def last_choice(event: Block | Run) -> int:
    """Return what a lock weighs more, and what is done once for all: what else blocks there says more of it."""
    is_lock = isinstance(event, Block) and event.effect.blocks == "lock"
    return UNSURE // 2 if is_lock or event.once else 0
