"""What is done once for all: of the places that may come first, one is told of, since only one of them waits."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from loopline.check.finding import ALONE, PLACES

if TYPE_CHECKING:
    from loopline.check.stops import Stop

__all__ = ["first_of_each"]


def first_of_each(stops: Iterable[tuple[int, Stop]]) -> list[Stop]:
    """Return the places that block, and of those that wait for the same call which is made once, the surest.

    Args:
        stops: The places, each with what the way to the call that blocks weighs.
    """
    found: list[Stop] = []
    groups: dict[ast.AST, list[tuple[int, Stop]]] = {}
    for weight, stop in stops:
        if stop.once is None:
            found.append(stop)
        else:
            groups.setdefault(stop.once, []).append((weight, stop))
    for group in groups.values():
        _, first = min(group, key=_order)
        found.append(replace(first, others=len(group) - 1))
    return found


def _order(found: tuple[int, Stop]) -> tuple[bool, int, int, int, str, int]:
    weight, stop = found
    first = stop.chain[0]
    return stop.place in ALONE, PLACES.index(stop.place), weight, len(stop.chain), first.path, first.line
