"""What is called is one of several things: what that says of the calls that were noted for each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from loopline.check import calls
from loopline.check.events import Block, Run
from loopline.check.values import Class, Function, Library, LibraryMethod, Offloaded, Value, Values

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["is_way", "with_alternatives", "with_ways"]


def with_alternatives(values: Values, events: list[Block | Run]) -> list[Block | Run]:
    """Return the events of a call, noting that of several implementations one runs, and which is not known.

    Args:
        values: What may be called; what is in tests does not count.
        events: What was noted for them.
    """
    meant = {
        one.info: one.possible
        for one in values
        if isinstance(one, Function) and not one.info.is_stub and not one.info.module.is_test
    }
    runs = {one.frame.info: one.frame for one in events if isinstance(one, Run) and one.frame.info in meant}
    if len(meant) < 2 or not all(meant.values()) or len(runs) != len(meant):
        return events
    frames = tuple((frame,) for frame in runs.values())
    return [
        replace(one, alternatives=frames) if isinstance(one, Run) and (one.frame,) in frames else one for one in events
    ]


def is_way(inference: Inference, value: Value) -> bool:
    """Tell whether a value is one of the things that may be called, and it is known what that does.

    Args:
        inference: Has the catalog.
        value: The value.
    """
    match value:
        case Function(info=info, possible=possible):
            return not (possible or info.is_stub or info.module.is_test)
        case Class() | Offloaded():
            return True
        case Library() | LibraryMethod():
            return calls.library_effect(inference, value) is not None
        case _:
            return False


def with_ways(ways: list[list[Block | Run]], events: list[Block | Run]) -> list[Block | Run]:
    """Return the events of a call of one of several things, by a condition: only if each blocks is it certain.

    Args:
        ways: What was noted for each of the things.
        events: All that was noted for the call.
    """
    found = [
        tuple(one.frame for one in way if isinstance(one, Run) and one.certain and not one.later)
        for way in ways
        if not any(isinstance(one, Block) and one.certain for one in way)
    ]
    if not found:
        return events
    of_ways = {id(one) for way in ways for one in way}
    return [replace(one, certain=False, alternatives=tuple(found)) if id(one) in of_ways else one for one in events]
