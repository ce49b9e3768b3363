"""Which assignments of a name a use of it may see."""

from __future__ import annotations

import ast

from loopline.check.indexing import position
from loopline.check.model import Binding

__all__ = ["reaching"]


def reaching(bindings: list[Binding], use: ast.AST | None) -> list[Binding]:
    """Return the bindings of a name that a use in their scope may see.

    Args:
        bindings: All of that scope.
        use: The node that uses the name; None: any time.
    """
    if len(bindings) == 1 or use is None or not hasattr(use, "lineno"):
        return bindings
    at = position(use)
    inner = [one for one in bindings if one.inner and one.inner[0] <= at < one.inner[1]]
    if inner:
        return [max(inner, key=lambda one: one.start)]
    outside = [one for one in bindings if one.inner is None]
    before = [one for one in outside if one.start <= at]
    sure = [one for one in before if one.end >= at and one.kind != "annotation"]
    if sure:
        last = max(one.start for one in sure)
        return [one for one in before if one.start >= last]
    return before or outside or bindings
