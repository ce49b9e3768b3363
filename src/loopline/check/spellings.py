"""Which texts an expression may be, where all of them are known: for the names of modules that are imported."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from loopline.check.model import FunctionInfo, Scope
from loopline.check.outcomes import known
from loopline.check.values import Frame

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["spellings"]

DEEPEST = 4
MOST = 8


def spellings(
    inference: Inference, node: ast.expr, scope: Scope, frame: Frame | None, depth: int = 0
) -> frozenset[str] | None:
    """Return the texts that an expression may be; None if one of them is not known.

    Args:
        inference: Answers for names.
        node: The expression.
        scope: Where it stands.
        frame: The call in which it is evaluated.
        depth: How many other questions this one answers.
    """
    found = frozenset[str]()
    match node:
        case ast.IfExp(body=body, orelse=orelse) if depth < DEEPEST:
            for part in (body, orelse):
                some = spellings(inference, part, scope, frame, depth + 1)
                if some is None:
                    return None
                found |= some
            return found
        case ast.JoinedStr(values=parts) if depth < DEEPEST:
            found = frozenset(("",))
            for part in parts:
                inner = part.value if isinstance(part, ast.FormattedValue) else part
                some = spellings(inference, inner, scope, frame, depth + 1)
                if some is None:
                    return None
                found = frozenset(one + other for one in found for other in some)
            return found if len(found) <= MOST else None
        case ast.Name(id=name) if isinstance(scope, FunctionInfo) and len(scope.bindings.get(name, ())) == 1:
            bound = scope.bindings[name][0]
            if bound.kind == "value" and not bound.path and isinstance(bound.node, ast.expr) and depth < DEEPEST:
                return spellings(inference, bound.node, scope, frame, depth + 1)
        case _:
            pass
    literal = known(inference, node, scope, frame).literal
    return frozenset((literal,)) if isinstance(literal, str) else None
