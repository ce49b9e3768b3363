"""Whether the arguments of a call make a blocking function harmless, or are what makes it block."""

from __future__ import annotations

import ast

from loopline.check.libraries import Effect
from loopline.check.library_types import given

__all__ = ["applies"]


def applies(effect: Effect, node: ast.Call) -> bool:
    """Tell whether a call blocks, by its ``unless`` and ``when``.

    Args:
        effect: What the catalog says of the function.
        node: The call.
    """
    if any(_holds(condition, node) for condition in effect.unless):
        return False
    return not effect.when or any(_holds(condition, node) for condition in effect.when)


def _holds(condition: str, node: ast.Call) -> bool:
    name, equals, literal = condition.partition("=")
    for value in given(node, int(name) if name.isdigit() else name):
        if not equals:
            return True
        if isinstance(value, ast.Constant):
            wanted = ast.literal_eval(literal)
            if value.value == wanted and isinstance(value.value, bool) == isinstance(wanted, bool):
                return True
    return False
