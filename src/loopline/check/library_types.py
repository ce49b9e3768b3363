"""The catalog's types, and what dependency injection gives."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from loopline.check.model import FunctionInfo, Scope
from loopline.check.values import (
    Class,
    Context,
    Coroutine,
    Frame,
    Function,
    Generator,
    Instance,
    Library,
    LibraryInstance,
    Mapping,
    Offloaded,
    Sequence,
    Tuple,
    Value,
    Values,
)

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["argument", "called", "given", "injected", "library_type"]


def given(node: ast.Call, which: int | str) -> list[ast.expr]:
    """Return the argument expressions at a position, under a name, or all the rest for ``"*"``."""
    if which == "*":
        return [*node.args, *(keyword.value for keyword in node.keywords)]
    if isinstance(which, int):
        if which < len(node.args) and not any(isinstance(one, ast.Starred) for one in node.args[: which + 1]):
            return [node.args[which]]
        return []
    return [keyword.value for keyword in node.keywords if keyword.arg == which]


def argument(inference: Inference, node: ast.Call, which: int | str, scope: Scope, frame: Frame | None) -> Values:
    """Return what an argument of a call may be."""
    return tuple(value for one in given(node, which) for value in inference.infer(one, scope, frame))


def library_type(
    inference: Inference,
    text: str,
    receiver: Value,
    node: ast.Call | None = None,
    scope: Scope | None = None,
    frame: Frame | None = None,
) -> Values:
    """Return the values that a type of the catalog means.

    Args:
        inference: Answers for arguments.
        text: The type, as docs/check-catalog.md has it.
        receiver: What ``self`` is.
        node: The call whose result it is, if it is one.
        scope: Where the call stands.
        frame: The call in which it is evaluated.
    """
    if "|" in text:
        return tuple(
            value for part in text.split("|") for value in library_type(inference, part, receiver, node, scope, frame)
        )
    text = text.strip()

    def inner(part: str) -> Values:
        return library_type(inference, part, receiver, node, scope, frame)

    if text.endswith("]"):
        name, _, inside = text[:-1].partition("[")
        match name:
            case "list" | "iterator":
                return (Sequence(inner(inside)),)
            case "dict":
                return (Mapping(inner(inside)),)
            case "tuple":
                return (Tuple(tuple(inner(part) for part in inside.split(","))),)
    word, _, rest = text.partition(" ")
    if not rest:
        if text == "self":
            return (receiver,)
        return (
            () if text in ("", "object", "none", "bytes", "str", "int", "float", "bool") else (LibraryInstance(text),)
        )
    if word == "class" or (word == "function" and not rest.isdigit()):
        return (Library(rest),)
    if node is None or scope is None:
        return ()
    if rest == "list":
        awaited = [inference.awaited(inference.infer(one, scope, frame)) for one in node.args]
        return (Sequence(tuple(dict.fromkeys(value for values in awaited for value in values))),)
    values = argument(inference, node, int(rest), scope, frame)
    match word:
        case "argument" | "function":
            return values
        case "result" | "results":
            found = tuple(value for one in values for value in called(inference, one))
            return found if word == "result" else (Sequence(found),)
        case "elements":
            return (Sequence(inference.elements(values)),)
        case "element":
            return inference.elements(values)
        case "entered":
            return inference.entered(values)
        case "awaited":
            return inference.awaited(values)
        case "offloaded":
            return (Offloaded(values),) if values else ()
        case "task":
            return (LibraryInstance("asyncio.Task"),)
        case _:
            return ()


def called(inference: Inference, value: Value) -> Values:
    """Return what calling a value without arguments gives."""
    from loopline.check import calls

    empty = ast.Call(ast.Name("called"), [], [])
    scope: Scope | None = value.info.parent if isinstance(value, Function) else None
    if scope is None and isinstance(value, Class):
        scope = value.info.parent
    if scope is None:
        if not inference.project.modules:
            return ()
        scope = inference.project.modules[0]
    return calls.call(inference, value, empty, scope, None)


def injected(inference: Inference, node: ast.expr, scope: Scope) -> Values:
    """Return what ``Depends(…)`` puts into a parameter: the result, awaited, or what a generator yields.

    Args:
        inference: Answers for the dependency.
        node: The expression that may be a ``Depends``.
        scope: Where it stands.
    """
    if not isinstance(node, ast.Call):
        return ()
    if not any(
        isinstance(value, Library) and value.path.rpartition(".")[2] in ("Depends", "Security")
        for value in inference.infer(node.func, scope, None)
    ):
        return ()
    found: list[Value] = []
    targets = node.args[:1] or [keyword.value for keyword in node.keywords if keyword.arg == "dependency"]
    for target in targets:
        for value in inference.infer(target, scope, None):
            for result in called(inference, value):
                match result:
                    case Coroutine() if _is_async(value):
                        found.extend(inference.awaited((result,)))
                    case Generator(frame=frame):
                        found.extend(inference.yields(frame))
                    case Context(frame=frame):
                        found.extend(inference.yields(frame))
                    case _:
                        found.append(result)
    # A coroutine is injected as it is: a mistake, which is told of where it is made.
    return tuple(one for one in dict.fromkeys(found) if not isinstance(one, Coroutine))


def _is_async(value: Value) -> bool:
    match value:
        case Function(info=info):
            return info.is_async
        case Instance(info=owner):
            bound = owner.bindings.get("__call__")
            return bool(bound and isinstance(bound[-1].info, FunctionInfo) and bound[-1].info.is_async)
        case _:
            return True
