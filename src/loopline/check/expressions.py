"""What each kind of expression may be worth, asked of its parts."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from loopline.check import attributes, calls, hints, narrowing, operators
from loopline.check.model import FunctionInfo, Scope
from loopline.check.nodes import kinds
from loopline.check.values import (
    Alias,
    Class,
    Frame,
    Function,
    Instance,
    Library,
    LibraryInstance,
    Mapping,
    Module,
    Sequence,
    Tuple,
    Values,
    union,
)

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["Answer", "answers_of", "constant"]

Answer = Callable[..., Values]
STRING: Values = (LibraryInstance("builtins.str"),)
NONE: Values = (LibraryInstance("builtins.None"),)


def answers_of(inference: Inference) -> dict[type, Answer]:
    """Return what answers for each kind of expression, given the expression, its scope and its frame.

    Args:
        inference: Answers for their parts.
    """
    answers: dict[type, Answer] = {
        ast.Name: partial(_name, inference),
        ast.Attribute: partial(_attribute, inference),
        ast.Call: calls.infer_call_of(inference),
        ast.Await: partial(_await, inference),
        ast.Subscript: partial(_subscript, inference),
        ast.BoolOp: lambda node, *at: union(inference.infer(value, *at) for value in node.values),
        ast.IfExp: lambda node, *at: union((inference.infer(node.body, *at), inference.infer(node.orelse, *at))),
        ast.NamedExpr: lambda node, *at: inference.infer(node.value, *at),
        ast.Lambda: partial(_lambda, inference),
        ast.List: partial(_sequence, inference),
        ast.Set: partial(_sequence, inference),
        ast.Tuple: lambda node, *at: (Tuple(tuple(inference.infer(part, *at) for part in node.elts)),),
        ast.Dict: lambda node, *at: (Mapping(union(inference.infer(value, *at) for value in node.values)),),
        ast.ListComp: partial(_comprehension, inference),
        ast.SetComp: partial(_comprehension, inference),
        ast.GeneratorExp: partial(_comprehension, inference),
        ast.DictComp: partial(_dict_comprehension, inference),
        ast.BinOp: partial(_operator, inference),
        ast.Starred: lambda node, *at: inference.infer(node.value, *at),
        ast.JoinedStr: constant,
        ast.Constant: constant,
    }
    return {one: answer for kind, answer in answers.items() for one in kinds(kind)}


def constant(node: ast.expr) -> Values:
    """Return what a literal is worth, as far as that matters: a text, or None."""
    value = node.value if isinstance(node, ast.Constant) else ""
    return STRING if isinstance(value, str) else NONE if value is None else ()


def _dotted_name(node: ast.expr) -> str:
    """Whether an expression is `a.b.c`: that, else an empty string."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _name(inference: Inference, node: ast.Name, scope: Scope, frame: Frame | None) -> Values:
    return narrowing.narrowed(inference, node.id, inference.lookup(node.id, scope, frame, node), node, scope, frame)


def _attribute(inference: Inference, node: ast.Attribute, scope: Scope, frame: Frame | None) -> Values:
    found: list[Values] = []
    values = inference.infer(node.value, scope, frame)
    for value in values:
        if isinstance(value, Library) and isinstance(node.value, ast.Name):
            deeper = _submodule(inference, node, scope)
            if deeper:
                return deeper
        found.append(attributes.get(inference, value, node.attr))
    result = union(found)
    if isinstance(node.value, ast.Name):
        result = narrowing.narrowed(inference, f"{node.value.id}.{node.attr}", result, node, scope, frame)
    if not result and isinstance(node.value, ast.Attribute) and node.value.attr == "state":
        return inference.registries.state(node.attr)
    if not result and not values and isinstance(node.value, ast.Attribute):
        return _submodule(inference, node, scope)
    return result


def _submodule(inference: Inference, node: ast.Attribute, scope: Scope) -> Values:
    """Answer `a.b` after `import a.b` for modules of the project."""
    dotted = _dotted_name(node)
    if not dotted or f"import {dotted}" not in scope.module.bindings:
        return ()
    found = inference.project.module(dotted, scope.module)
    return (Module(found),) if found else ()


def _await(inference: Inference, node: ast.Await, scope: Scope, frame: Frame | None) -> Values:
    return inference.awaited(inference.infer(node.value, scope, frame))


def _subscript(inference: Inference, node: ast.Subscript, scope: Scope, frame: Frame | None) -> Values:
    found: list[Values] = []
    for value in inference.infer(node.value, scope, frame):
        match value:
            case Mapping(elements=elements) | Sequence(elements=elements):
                found.append((value,) if isinstance(node.slice, ast.Slice) else elements)
            case Tuple(parts=parts):
                index = node.slice.value if isinstance(node.slice, ast.Constant) else None
                found.append(parts[index] if isinstance(index, int) and index < len(parts) else union(parts))
            case Class(info=info):
                listed = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
                arguments = tuple(hints.resolve(inference, one, scope, frame) for one in listed)
                found.append((Class(info, arguments),))
            case Library(path=path):
                known = inference.libraries.cls(path)
                special = path.startswith(("typing", "builtins.", "collections.abc")) or known is None
                found.append((Alias(node, scope),) if special else (value,))
            case LibraryInstance(path=path):
                effect = inference.libraries.method(path, "__getitem__")
                if effect is not None:
                    found.append(calls.library_type(inference, effect.returns, value))
                else:
                    found.append(inference.elements((value,)))
            case Instance():
                found.extend(
                    inference.returns(inference.frame(function.info, (), None, function.receiver))
                    for function in attributes.get(inference, value, "__getitem__")
                    if isinstance(function, Function)
                )
            case Alias():
                found.append((Alias(node, scope),))
            case _:
                pass
    return union(found)


def _lambda(inference: Inference, node: ast.Lambda, scope: Scope, frame: Frame | None) -> Values:
    return (Function(inference.function_of(node, scope), frame if isinstance(scope, FunctionInfo) else None),)


def _sequence(inference: Inference, node: ast.List | ast.Set, scope: Scope, frame: Frame | None) -> Values:
    found = []
    for part in node.elts:
        values = inference.infer(part, scope, frame)
        found.append(inference.elements(values) if isinstance(part, ast.Starred) else values)
    return (Sequence(union(found)),)


def _comprehension(
    inference: Inference, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope, frame: Frame | None
) -> Values:
    inference.register(node.generators, node, scope)
    return (Sequence(inference.infer(node.elt, scope, frame)),)


def _dict_comprehension(inference: Inference, node: ast.DictComp, scope: Scope, frame: Frame | None) -> Values:
    inference.register(node.generators, node, scope)
    return (Mapping(inference.infer(node.value, scope, frame)),)


def _operator(inference: Inference, node: ast.BinOp, scope: Scope, frame: Frame | None) -> Values:
    left = inference.infer(node.left, scope, frame)
    if isinstance(node.op, ast.BitOr):
        right = inference.infer(node.right, scope, frame)
        if any(isinstance(value, Class | Library | Alias) for value in left + right):
            return (Alias(node, scope),)
    if isinstance(node.op, ast.Div):
        paths = tuple(value for value in left if isinstance(value, LibraryInstance))
        return paths or inference.infer(node.right, scope, frame)
    if isinstance(node.op, ast.Add):
        right = inference.infer(node.right, scope, frame)
        joined = tuple(value for value in union((left, right)) if isinstance(value, Sequence | Mapping))
        if joined:
            return joined
    return operators.result(inference, node.op, left, inference.infer(node.right, scope, frame))
