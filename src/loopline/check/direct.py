"""What an `async def` itself calls that blocks, told of without a look at anything else.

Only where what the check would say hangs on nothing but the call and on how the function comes to the loop.
"""

from __future__ import annotations

from collections.abc import Iterable

from loopline.check.entries import NOWHERE, Entry
from loopline.check.events import Block
from loopline.check.finding import ALONE, Finding, Step
from loopline.check.model import ModuleInfo, extent
from loopline.check.once import remembered_calls
from loopline.check.places import place_of
from loopline.check.rules import ll101_blocking_call as ll101
from loopline.check.rules import ll102_loop_in_loop as ll102
from loopline.check.stops import Stop, around_others
from loopline.check.values import Frame

__all__ = ["CODES", "direct_findings"]

CODES = (ll101.CODE, ll102.CODE)


def direct_findings(frame: Frame, entry: Entry, blocks: Iterable[Block], text: ModuleInfo) -> list[Finding] | None:
    """Return what is found of the calls that block in a function.

    Args:
        frame: The call of the function that the loop runs.
        entry: How it comes to the loop.
        blocks: The calls.
        text: The module as it is written.

    Returns:
        The findings, by place; None if more would have to be known.
    """
    if entry is NOWHERE:
        return []
    info = frame.info
    place = place_of(info, entry.kind)
    kept = remembered_calls(info)
    best: dict[tuple[int, int], Block] = {}
    for one in blocks:
        effect = one.effect
        if one.once or one.alternatives or effect.imports or effect.blocks == "lock" or id(one.node) in kept:
            return None
        key = extent(one.node)[:2]
        if key not in best or (one.certain and not best[key].certain):
            best[key] = one
    around = set(around_others([one.node for one in best.values()]))
    found: list[Finding] = []
    for _, one in sorted(best.items()):
        line: int = getattr(one.node, "lineno", 0)
        chain = (*entry.way, Step(info.module.shown, line, info.qualified, text.line(line)))
        told = (frame, one.node, one, one.certain, chain, info, place, entry.title, entry.served, one.node in around)
        stop = Stop(*told)
        found.extend(filter(None, (ll101.tell(stop), ll102.tell(stop))))
    return [one for one in found if one.certain or place not in ALONE]
