"""What a name is worth where a test around it has told more of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from loopline.check import hints
from loopline.check.facts import PREDICATES
from loopline.check.indexing import position
from loopline.check.model import Binding, Scope
from loopline.check.values import (
    Coroutine,
    Frame,
    Generator,
    Instance,
    LibraryInstance,
    Mapping,
    Sequence,
    Value,
    Values,
)

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["instances", "narrowed"]


def narrowed(
    inference: Inference, name: str, values: Values, node: ast.expr, scope: Scope, frame: Frame | None
) -> Values:
    """Return what is left of a name's values where it is used.

    Args:
        inference: Answers for types.
        name: The name, or `name.attribute`.
        values: What it may be worth without the tests.
        node: Where it is used.
        scope: Where that stands.
        frame: The call in which it is evaluated.
    """
    tests = scope.bindings.get(f"narrow {name}")
    if not tests:
        return values
    at = position(node)
    for test in tests:
        if test.start <= at < test.end and not _is_assigned(scope, name, test, at):
            values = _narrow(inference, test, values, scope, frame)
    return values


def instances(inference: Inference, node: ast.expr, scope: Scope, frame: Frame | None) -> Values:
    """Return the values that `isinstance` with a type, or a tuple of types, lets through; nothing if one is unknown.

    Args:
        inference: Answers for names.
        node: The second argument.
        scope: Where it stands.
        frame: The call in which it is evaluated.
    """
    found: list[Value] = []
    for one in node.elts if isinstance(node, ast.Tuple) else [node]:
        if one is PREDICATES["isasyncgen"]:
            typed: Values = (LibraryInstance("typing.AsyncIterator"),)
        elif one is PREDICATES["isawaitable"]:
            typed = (Coroutine(None, lenient=True),)
        else:
            typed = hints.resolve(inference, one, scope, frame)
        if not typed:
            return ()
        found.extend(typed)
    return tuple(dict.fromkeys(found))


def _is_assigned(scope: Scope, name: str, test: Binding, at: tuple[int, int]) -> bool:
    return any(test.start < one.start <= at for one in scope.bindings.get(name, ()))


def _narrow(inference: Inference, test: Binding, values: Values, scope: Scope, frame: Frame | None) -> Values:
    assert isinstance(test.node, ast.expr)
    wanted = instances(inference, test.node, scope, frame)
    if test.kind == "narrow not":
        return tuple(one for one in values if not any(_is_below(inference, one, kind) for kind in wanted))
    if not wanted:
        return values
    kept = tuple(one for one in values if any(_is_below(inference, one, kind) for kind in wanted))
    return kept or wanted


def _is_below(inference: Inference, value: Value, kind: Value) -> bool:
    match value, kind:
        case Instance(info=info), Instance(info=wanted):
            return wanted in inference.classes.ancestry(info)
        case Instance(info=info), LibraryInstance(path=path):
            return inference.classes.inherits(info, path)
        case LibraryInstance(path=path), LibraryInstance(path=wanted_path):
            return inference.libraries.inherits(path, wanted_path)
        case LibraryInstance(path=path), Coroutine():
            described = inference.libraries.cls(path)
            return described is not None and bool(described.awaits)
        case Generator(is_async=is_async), LibraryInstance(path="typing.AsyncIterator"):
            return is_async
        case (Coroutine(), Coroutine()) | (Sequence(), Sequence()) | (Mapping(), Mapping()):
            return True
        case _:
            return False
