"""From a type annotation to the values that it allows."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from loopline.check import attributes
from loopline.check.model import Scope
from loopline.check.values import (
    Alias,
    Class,
    Coroutine,
    Frame,
    Instance,
    Library,
    LibraryInstance,
    Mapping,
    Sequence,
    Tuple,
    TypeVariable,
    Value,
    Values,
)

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["metadata", "parsed", "resolve", "symbols"]

SEQUENCES = {
    "list", "List", "set", "Set", "frozenset", "FrozenSet", "Sequence", "Iterable", "Iterator", "Collection", "deque",
    "Generator", "MutableSequence", "AbstractSet", "Deque",
}  # fmt: skip
MAPPINGS = {"dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict"}
THROUGH = {"Optional", "ClassVar", "Final", "Required", "NotRequired", "Annotated", "ReadOnly"}
ASYNC_ITERATORS = {"AsyncIterator", "AsyncGenerator", "AsyncIterable"}
AWAITABLES = {"Awaitable", "Coroutine"}
NOTHING = {
    "Any",
    "Callable",
    "Literal",
    "Self",
    "object",
    "TypeAlias",
    "Never",
    "NoReturn",
    "LiteralString",
    "Hashable",
}


@cache  # never evicted: answers are remembered by node
def parsed(text: str) -> ast.expr | None:
    """Return the annotation that a string is, or None if it is none."""
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None


def resolve(inference: Inference, node: ast.expr, scope: Scope, frame: Frame | None, depth: int = 0) -> Values:
    """Return the values that an annotation allows.

    Args:
        inference: Answers for the names in it.
        node: The annotation; a string is read as one.
        scope: Where it stands.
        frame: The call in which type variables are known.
        depth: How many aliases were followed.

    Returns:
        Instances; nothing if it is unknown, or ``Any``.
    """
    if depth > 12:
        return ()
    match node:
        case ast.Constant(value=str(text)):
            read = parsed(text)
            return resolve(inference, read, scope, frame, depth + 1) if read is not None else ()
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _union(
                resolve(inference, left, scope, frame, depth + 1), resolve(inference, right, scope, frame, depth + 1)
            )
        case ast.Subscript(value=base, slice=inner):
            return _subscript(inference, base, inner, scope, frame, depth)
        case ast.Name() | ast.Attribute():
            found: Values = ()
            for value in symbols(inference, node, scope):
                found = _union(found, _instances(inference, value, frame, depth))
            if not found and isinstance(node, ast.Name) and frame is not None:
                return inference.classes.type_argument(frame.receiver, node.id)
            return found
        case _:
            return ()


def metadata(inference: Inference, node: ast.expr | None, scope: Scope, depth: int = 0) -> list[tuple[ast.expr, Scope]]:
    """Return what ``Annotated`` carries beside the type, with where it stands; aliases are followed.

    Args:
        inference: Answers for the names in it.
        node: The annotation.
        scope: Where it stands.
        depth: How many aliases were followed.
    """
    if node is None or depth > 8:
        return []
    match node:
        case ast.Constant(value=str(text)):
            return metadata(inference, parsed(text), scope, depth + 1)
        case ast.Subscript(value=base, slice=ast.Tuple(elts=[first, *rest])) if _last(base) == "Annotated":
            return [*((one, scope) for one in rest), *metadata(inference, first, scope, depth + 1)]
        case ast.BinOp(left=left, right=right):
            return metadata(inference, left, scope, depth + 1) + metadata(inference, right, scope, depth + 1)
        case ast.Name() | ast.Attribute():
            for value in symbols(inference, node, scope):
                if isinstance(value, Alias):
                    return metadata(inference, value.node, value.scope, depth + 1)
        case ast.Subscript(value=base, slice=inner) if _last(base) == "Optional":
            return metadata(inference, inner, scope, depth + 1)
        case _:
            pass
    return []


def symbols(inference: Inference, node: ast.expr, scope: Scope) -> Values:
    """Return what the name in an annotation stands for: classes and aliases.

    Args:
        inference: Answers for names.
        node: The name; a string is read as one, and of a subscript its base counts.
        scope: Where it stands.
    """
    match node:
        case ast.Name(id=name):
            return inference.lookup(name, scope, None, None)
        case ast.Attribute(value=value, attr=name):
            found: Values = ()
            for one in symbols(inference, value, scope):
                found = _union(found, attributes.get(inference, one, name))
            return found
        case ast.Constant(value=str(text)):
            read = parsed(text)
            return symbols(inference, read, scope) if read is not None else ()
        case ast.Subscript(value=value):
            return symbols(inference, value, scope)
        case _:
            return ()


def _instances(inference: Inference, value: Value, frame: Frame | None, depth: int) -> Values:
    match value:
        case Class(info=info, arguments=arguments):
            return (Instance(info, arguments=arguments),)
        case Alias(node=node, scope=scope):
            return resolve(inference, node, scope, frame, depth + 1)
        case TypeVariable(name=name):
            return (inference.classes.type_argument(frame.receiver, name) if frame is not None else ()) or (value,)
        case Library(path=path):
            name = path.rpartition(".")[2]
            if path.startswith(("builtins.", "typing.", "typing_extensions.", "collections.")):
                if name in SEQUENCES or name == "tuple":
                    return (Sequence(()),)
                if name in MAPPINGS:
                    return (Mapping(()),)
                if name in ASYNC_ITERATORS:
                    return (LibraryInstance("typing.AsyncIterator"),)
                if name in AWAITABLES:
                    return (Coroutine(None, lenient=True),)
                if name in NOTHING:
                    return ()
            return (LibraryInstance(path),)
        case _:
            return ()


def _subscript(
    inference: Inference, base: ast.expr, inner: ast.expr, scope: Scope, frame: Frame | None, depth: int
) -> Values:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]

    def part(index: int) -> Values:
        return resolve(inference, parts[index], scope, frame, depth + 1) if -len(parts) <= index < len(parts) else ()

    found: Values = ()
    for symbol in symbols(inference, base, scope):
        match symbol:
            case Class(info=info):
                found = _union(found, (Instance(info, arguments=tuple(part(index) for index in range(len(parts)))),))
            case Alias(node=node, scope=where):
                found = _union(found, resolve(inference, node, where, frame, depth + 1))
            case Library(path=path):
                endless = bool(parts) and isinstance(parts[-1], ast.Constant) and parts[-1].value is Ellipsis
                found = _union(found, _library(path, part, len(parts), endless=endless))
            case _:
                pass
    return found


def _library(path: str, part: Callable[[int], Values], count: int, *, endless: bool) -> Values:
    name = path.rpartition(".")[2]
    result: Values
    if name in THROUGH:
        return part(0)
    if name == "Union":
        result = ()
        for index in range(count):
            result = _union(result, part(index))
        return result
    if name in SEQUENCES:
        return (Sequence(part(0)),)
    if name in MAPPINGS:
        return (Mapping(part(count - 1)),)
    if name in ("tuple", "Tuple"):
        return (Sequence(part(0)),) if endless else (Tuple(tuple(part(index) for index in range(count))),)
    if name in ("type", "Type"):
        return tuple(
            Class(value.info, value.arguments) if isinstance(value, Instance) else Library(value.path)
            for value in part(0)
            if isinstance(value, Instance | LibraryInstance)
        )
    if name in AWAITABLES:
        return (Coroutine(None, part(count - 1), lenient=True),)
    if name in ASYNC_ITERATORS:
        return (LibraryInstance("typing.AsyncIterator"),)
    if name in NOTHING or path.startswith("typing.") or name == "Mapped":
        return ()
    return (LibraryInstance(path),)


def _union(one: Values, other: Values) -> Values:
    return tuple(dict.fromkeys((*one, *other)))


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
