"""What a call gives, and which frame it makes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from loopline.check import attributes, decorators, hints
from loopline.check.conditions import applies
from loopline.check.libraries import Effect
from loopline.check.library_types import argument, library_type
from loopline.check.model import ClassInfo, FunctionInfo, Scope
from loopline.check.parameters import bind
from loopline.check.values import (
    Class,
    Context,
    ContextFunction,
    Coroutine,
    Frame,
    Function,
    Generator,
    Instance,
    Library,
    LibraryInstance,
    LibraryMethod,
    Mapping,
    Offloaded,
    Partial,
    Sequence,
    Super,
    Tuple,
    TypeVariable,
    Value,
    Values,
)

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = [
    "annotated_attribute",
    "call",
    "infer_call_of",
    "library_effect",
    "library_type",
    "run",
]


def infer_call_of(inference: Inference) -> Callable[[ast.Call, Scope, Frame | None], Values]:
    """Return the function that answers for call expressions."""

    def infer_call(node: ast.Call, scope: Scope, frame: Frame | None) -> Values:
        found: list[Value] = _of_container(inference, node, scope, frame)
        for value in inference.infer(node.func, scope, frame):
            found.extend(one for one in call(inference, value, node, scope, frame) if one not in found)
        return tuple(found[:12])

    return infer_call


def _of_container(inference: Inference, node: ast.Call, scope: Scope, frame: Frame | None) -> list[Value]:
    """Methods of dicts and lists whose elements are known."""
    if not isinstance(node.func, ast.Attribute):
        return []
    found: list[Value] = []
    for value in inference.infer(node.func.value, scope, frame):
        match value, node.func.attr:
            case Mapping(elements=elements), "get" | "pop" | "setdefault":
                found.extend(elements)
                found.extend(argument(inference, node, 1, scope, frame))
            case Mapping(elements=elements), "values":
                found.append(Sequence(elements))
            case Mapping(elements=elements), "items":
                found.append(Sequence((Tuple(((), elements)),)))
            case Sequence(elements=elements), "pop" | "popleft":
                found.extend(elements)
            case Sequence() | Mapping(), "copy":
                found.append(value)
            case _:
                pass
    return found


def call(inference: Inference, value: Value, node: ast.Call, scope: Scope, frame: Frame | None) -> Values:
    """Return what calling a value gives.

    Args:
        inference: Answers for what it needs.
        value: What is called.
        node: The call.
        scope: Where it stands.
        frame: The call in which it is evaluated.
    """
    match value:
        case Function():
            return run(inference, value, bind(inference, value, node, scope, frame))
        case Class(info=info, arguments=arguments):
            return (Instance(info, exact=True, arguments=arguments),)
        case ContextFunction(function=function, is_async=is_async):
            return (Context(bind(inference, function, node, scope, frame), is_async),)
        case Partial(function=function, possible=cached):
            if isinstance(function, Function):
                return run(inference, function, bind(inference, function, node, scope, frame, whole=cached))
            return call(inference, function, node, scope, frame)
        case Offloaded(function=functions):
            results = [call(inference, function, node, scope, frame) for function in functions]
            return (Coroutine(None, tuple(one for result in results for one in result), name="the call"),)
        case Instance():
            found: list[Value] = []
            for method in attributes.get(inference, value, "__call__"):
                found.extend(call(inference, method, node, scope, frame))
            return tuple(found)
        case Library(path=path):
            special = _special(inference, path, node, scope, frame)
            return special if special is not None else _library(inference, path, node, scope, frame)
        case LibraryMethod(path=path, name=name):
            effect = inference.libraries.method(path, name)
            return _effect(inference, effect, LibraryInstance(path), node, scope, frame) if effect else ()
        case LibraryInstance(path=path):
            effect = inference.libraries.method(path, "__call__")
            return _effect(inference, effect, value, node, scope, frame) if effect else ()
        case _:
            return ()


def run(inference: Inference, function: Function, frame: Frame) -> Values:
    """Return what a call of a project's function gives."""
    info = function.info
    if info.is_async:
        if info.is_generator:
            return (Generator(frame, is_async=True),)
        return (Coroutine(frame, name=info.name, sure=decorators.is_plainly_decorated(inference, info)),)
    if info.is_generator:
        return (Generator(frame, is_async=False),)
    return inference.returns(frame)


def annotated_attribute(inference: Inference, node: ast.expr, owner: ClassInfo, receiver: Instance) -> Values:
    """Return the type that a class body declares for an attribute, type variables filled in from the object."""
    found = hints.resolve(inference, node, owner, None)
    result: list[Value] = []
    for value in found:
        if isinstance(value, TypeVariable):
            result.extend(inference.classes.type_argument(receiver, value.name))
        else:
            result.append(value)
    return tuple(result)


def library_effect(inference: Inference, value: Value) -> Effect | None:
    """Return what the catalog says of calling a library's function, class or method."""
    libraries = inference.libraries
    match value:
        case Library(path=path):
            found = libraries.function(path)
            if found is not None:
                return found
            described = libraries.cls(path)
            if described is not None:
                return described.construct
            owner, _, name = path.rpartition(".")
            return libraries.method(owner, name) if owner and libraries.cls(owner) is not None else None
        case LibraryMethod(path=path, name=name):
            return libraries.method(path, name)
        case LibraryInstance(path=path):
            return libraries.method(path, "__call__")
        case _:
            return None


def _library(inference: Inference, path: str, node: ast.Call, scope: Scope, frame: Frame | None) -> Values:
    libraries = inference.libraries
    effect = library_effect(inference, Library(path))
    described = libraries.cls(path) if libraries.function(path) is None else None
    if described is not None:
        opened = described.with_opener and effect is not None and effect.blocks and isinstance(scope, FunctionInfo)
        maker = scope if opened and isinstance(scope, FunctionInfo) else None
        held = argument(inference, node, 0, scope, frame) if described.enter == "argument 0" else ()
        return (LibraryInstance(libraries.canonical(path), maker, held),)
    if effect is not None:
        owner = path.rpartition(".")[0]
        return _effect(inference, effect, LibraryInstance(owner), node, scope, frame)
    if path.rpartition(".")[2][:1].isupper():
        return (LibraryInstance(path),)
    return ()


def _effect(
    inference: Inference, effect: Effect, receiver: LibraryInstance, node: ast.Call, scope: Scope, frame: Frame | None
) -> Values:
    if effect.decorated and not applies(effect, node):
        return ()  # as a decorator it adds nothing
    values = library_type(inference, effect.returns, receiver, node, scope, frame) if effect.returns else ()
    if effect.is_async:
        return (Coroutine(None, values, name=effect.name),)
    if effect.blocks and isinstance(scope, FunctionInfo):
        return tuple(_opened(inference, one, scope) for one in values)
    return values


def _opened(inference: Inference, value: Value, scope: FunctionInfo) -> Value:
    """Note who opened a file: its reads are told of with the opening."""
    described = inference.libraries.cls(value.path) if isinstance(value, LibraryInstance) else None
    return LibraryInstance(described.name, scope) if described is not None and described.with_opener else value


def _special(inference: Inference, path: str, node: ast.Call, scope: Scope, frame: Frame | None) -> Values | None:
    match path:
        case "builtins.super":
            current: Scope | None = scope
            while current is not None and not isinstance(current, ClassInfo):
                current = current.parent
            receiver = frame.receiver if frame is not None else None
            return (Super(current, receiver or Instance(current)),) if current is not None else ()
        case "builtins.getattr" if len(node.args) >= 2:
            return _getattr(inference, node, scope, frame)
        case "builtins.type" if len(node.args) == 1:
            return tuple(
                Class(one.info) for one in argument(inference, node, 0, scope, frame) if isinstance(one, Instance)
            )
        case "functools.partial" | "functools.partialmethod" if node.args:
            return tuple(Partial(one) for one in argument(inference, node, 0, scope, frame))
        case "functools.lru_cache" | "functools.cache" if node.args and not isinstance(node.args[0], ast.Constant):
            return tuple(Partial(one, possible=True) for one in argument(inference, node, 0, scope, frame))
        case "contextlib.contextmanager" | "contextlib.asynccontextmanager" if node.args:
            functions = argument(inference, node, 0, scope, frame)
            return tuple(
                ContextFunction(one, decorators.CONTEXTS[path]) for one in functions if isinstance(one, Function)
            )
        case "typing.TypeVar" | "typing_extensions.TypeVar" if node.args and isinstance(node.args[0], ast.Constant):
            return (TypeVariable(str(node.args[0].value)),)
        case "typing.cast" if len(node.args) == 2:
            return hints.resolve(inference, node.args[0], scope, frame)
        case "builtins.dict":
            return (Mapping(tuple(one for kw in node.keywords for one in inference.infer(kw.value, scope, frame))),)
        case _:
            return None


def _getattr(inference: Inference, node: ast.Call, scope: Scope, frame: Frame | None) -> Values:
    name = node.args[1]
    found: list[Value] = []
    for value in argument(inference, node, 0, scope, frame):
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            found.extend(attributes.get(inference, value, name.value))
        elif isinstance(name, ast.JoinedStr) and isinstance(value, Instance):
            start = name.values[0].value if name.values and isinstance(name.values[0], ast.Constant) else None
            if isinstance(start, str) and start:
                for owner in inference.classes.ancestry(value.info):
                    if isinstance(owner, ClassInfo):
                        for method in owner.bindings:
                            if method.startswith(start):
                                found.extend(attributes.get(inference, value, method))
    return tuple(
        Function(one.info, one.closure, one.receiver, possible=True) if isinstance(one, Function) else one
        for one in dict.fromkeys(found)
    )
