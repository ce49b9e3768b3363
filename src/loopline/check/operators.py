"""What an operator gives for objects whose class defines it: `prompt | model`, `first >> second`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from loopline.check import attributes, calls
from loopline.check.values import Function, Instance, LibraryInstance, Values, union

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["result"]

NAMES: dict[type[ast.operator], str] = {
    ast.BitOr: "or",
    ast.BitAnd: "and",
    ast.RShift: "rshift",
    ast.LShift: "lshift",
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.MatMult: "matmul",
}


def result(inference: Inference, operator: ast.operator, left: Values, right: Values) -> Values:
    """Return what an operator gives.

    Args:
        inference: Answers for the methods that define it.
        operator: The operator.
        left: What stands before it.
        right: What stands after it; it is asked if the left one does not know the operator.
    """
    name = NAMES.get(type(operator))
    if name is None:
        return ()
    return _of(inference, left, f"__{name}__") or _of(inference, right, f"__r{name}__")


def _of(inference: Inference, values: Values, name: str) -> Values:
    found: list[Values] = []
    for value in values:
        match value:
            case LibraryInstance(path=path):
                effect = inference.libraries.method(path, name)
                if effect is not None:
                    found.append(calls.library_type(inference, effect.returns, value))
            case Instance():
                found.extend(
                    inference.returns(inference.frame(method.info, (), method.closure, method.receiver))
                    for method in attributes.get(inference, value, name)
                    if isinstance(method, Function)
                )
            case _:
                pass
    return union(found)
