"""Whether the arguments of a call make a blocking function harmless, or are what makes it block."""

from __future__ import annotations

import ast

from loopline.check.libraries import Effect
from loopline.check.library_types import given

__all__ = ["applies"]

LITERALS = ("None", "True", "False")


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
        if literal.isidentifier() and literal not in LITERALS:
            if literal in _flags(value):
                return True
        elif isinstance(value, ast.Constant):
            wanted = ast.literal_eval(literal)
            if value.value == wanted and isinstance(value.value, bool) == isinstance(wanted, bool):
                return True
    return False


def _flags(node: ast.expr) -> set[str]:
    """The names of constants that are given: of `LOCK_EX | fcntl.LOCK_NB` both."""
    match node:
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _flags(left) | _flags(right)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return {name}
        case _:
            return set()
