"""Whether something holds for all that an expression may be worth, what is not known of it included."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from loopline.check import hints, parameters
from loopline.check.model import FunctionInfo
from loopline.check.reaching import reaching
from loopline.check.values import Frame, Function, Mapping, Sequence, Tuple, Value, Values

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["every", "inside"]

DEEPEST = 4  # assignments that are followed


def every(
    inference: Inference,
    node: ast.expr,
    info: FunctionInfo,
    frame: Frame,
    holds: Callable[[Values], bool],
    depth: int = 0,
) -> bool:
    """Tell whether something holds on every way to an expression: `a() if x else b()` may be the unknown `b()`.

    Args:
        inference: Answers for expressions.
        node: The expression.
        info: The function in which it stands.
        frame: The call in which it is evaluated.
        holds: What must hold for the values of each way; for none, nothing holds.
        depth: How many assignments were followed.
    """
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            return all(every(inference, one, info, frame, holds, depth) for one in (body, orelse))
        case ast.BoolOp(values=values):
            return all(every(inference, one, info, frame, holds, depth) for one in values)
        case ast.NamedExpr(value=value):
            return every(inference, value, info, frame, holds, depth)
        case _ if not holds(inference.infer(node, info, frame)):
            return False
        case ast.Name(id=name) if depth < DEEPEST and name in info.bindings:
            for one in reaching(info.bindings[name], node):
                plain = one.kind == "value" and not one.path and one.annotation is None and one.scope in (None, info)
                if plain and isinstance(one.node, ast.expr):
                    if not every(inference, one.node, info, frame, holds, depth + 1):
                        return False
                elif one.kind != "annotation" and not holds(inference.bound(one, info, frame)):
                    return False
        case ast.Call(func=called) if depth < DEEPEST:
            if isinstance(called, ast.Call) and not every(inference, called, info, frame, bool, depth + 1):
                return False
            for target in inference.infer(called, info, frame):
                if isinstance(target, Function) and not _gives(inference, target, node, info, frame, holds, depth):
                    return False
        case _:
            pass
    return True


def _gives(
    inference: Inference,
    function: Function,
    call: ast.Call,
    info: FunctionInfo,
    frame: Frame,
    holds: Callable[[Values], bool],
    depth: int,
) -> bool:
    """Whether it holds for each thing that a plain function returns; one of them may be unknown."""
    called = function.info
    returns = getattr(called.node, "returns", None)
    if called.is_async or called.is_generator or (returns and hints.resolve(inference, returns, called, None)):
        return True
    made = parameters.bind(inference, function, call, info, frame)
    return all(every(inference, one, called, made, holds, depth + 1) for one in called.returned)


def inside(values: Values) -> Iterator[Value]:
    """Yield what lists, dicts and tuples hold, and all else itself.

    Args:
        values: The values.
    """
    for value in values:
        match value:
            case Sequence(elements=elements) | Mapping(elements=elements) if elements:
                yield from elements
            case Tuple(parts=parts) if parts:
                for part in parts:
                    yield from part
            case _:
                yield value
