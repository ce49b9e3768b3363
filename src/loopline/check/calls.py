"""What a call gives, and which frame it makes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from loopline.check import attributes, decorators, hints, library_types
from loopline.check.conditions import applies
from loopline.check.flags import switches
from loopline.check.libraries import Effect
from loopline.check.library_types import argument, library_type
from loopline.check.model import ClassInfo, FunctionInfo, Scope
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
    Literal,
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
    "TELLING",
    "annotated_attribute",
    "bind",
    "bind_receiver",
    "call",
    "infer_call_of",
    "library_effect",
    "library_type",
    "parameter",
    "run",
    "usual_receiver",
]

TELLING = (
    Function,
    Class,
    Partial,
    ContextFunction,
    Offloaded,
    LibraryMethod,
    Library,
    Instance,
    Generator,
    Sequence,
    Mapping,
    Tuple,
)


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
        case Partial(function=function):
            if isinstance(function, Function):
                return run(inference, function, bind(inference, function, node, scope, frame))
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


def bind(inference: Inference, function: Function, node: ast.Call | None, scope: Scope, frame: Frame | None) -> Frame:
    """Return the frame of a call: parameters without a telling annotation get what is given for them.

    Args:
        inference: Answers for the arguments.
        function: The function.
        node: The call, or None if it is not in the source.
        scope: Where the call stands.
        frame: The call in which it is evaluated.
    """
    info = function.info
    given: list[tuple[str, Values]] = []
    if node is not None and (node.args or node.keywords):
        open_names = _open_parameters(inference, info)
        given.extend(_literals(inference, function, node, scope, frame))
        if open_names:
            positional = info.positional[1 if function.receiver is not None and info.owner is not None else 0 :]
            for index, value in enumerate(node.args):
                if isinstance(value, ast.Starred) or index >= len(positional):
                    break
                _give(inference, given, positional[index].arg, value, open_names, scope, frame)
            for keyword in node.keywords:
                if keyword.arg is not None:
                    _give(inference, given, keyword.arg, keyword.value, open_names, scope, frame)
    return inference.frame(info, tuple(given), function.closure, function.receiver)


def _literals(
    inference: Inference, function: Function, node: ast.Call, scope: Scope, frame: Frame | None
) -> list[tuple[str, Values]]:
    """What a call gives for the function's switches, where it is a literal or such a parameter of its own."""
    info = function.info
    names = inference.switches.get(info)
    if names is None:
        names = inference.switches[info] = switches(info)
    if not names:
        return []
    offset = 1 if function.receiver is not None and info.owner is not None else 0
    pairs = [(arg.arg, value) for arg, value in zip(info.positional[offset:], node.args, strict=False)]
    if any(isinstance(one, ast.Starred) for one in node.args):
        pairs = []
    pairs += [(keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg is not None]
    found: list[tuple[str, Values]] = []
    for name, value in pairs:
        if name in names:
            if isinstance(value, ast.Constant) and (value.value is None or isinstance(value.value, bool)):
                found.append((name, (Literal(value.value),)))
            elif isinstance(value, ast.Name):
                values = inference.infer(value, scope, frame)
                if len(values) == 1 and isinstance(values[0], Literal):
                    found.append((name, values))
    return found


def _give(
    inference: Inference,
    given: list[tuple[str, Values]],
    name: str,
    value: ast.expr,
    open_names: set[str],
    scope: Scope,
    frame: Frame | None,
) -> None:
    if name in open_names:
        values = tuple(one for one in inference.infer(value, scope, frame) if _tells(one))
        if values:
            given.append((name, values))


def _tells(value: Value) -> bool:
    match value:
        case Sequence(elements=elements) | Mapping(elements=elements):
            return any(_tells(one) for one in elements)
        case Tuple(parts=parts):
            return any(_tells(one) for part in parts for one in part)
        case LibraryInstance(path=path):
            return not path.startswith("builtins.")
        case Library(path=path):
            return not path.startswith("builtins.")
        case _:
            return isinstance(value, TELLING)


def _open_parameters(inference: Inference, info: FunctionInfo) -> set[str]:
    known = inference.open_parameters.get(info)
    if known is None:
        known = inference.open_parameters[info] = set()
        for arg in info.parameters:
            if arg.arg in info.used_names:
                typed = hints.resolve(inference, arg.annotation, info.parent, None) if arg.annotation else ()
                if all(inference.classes.is_open(value) or isinstance(value, Sequence | Mapping) for value in typed):
                    known.add(arg.arg)
    return known


def parameter(inference: Inference, node: ast.arg, info: FunctionInfo, frame: Frame, *, rest: bool = False) -> Values:
    """Return what a parameter may be: what was given, its annotation, what ``Depends`` gives, or its default.

    Args:
        inference: Answers for what it needs.
        node: The parameter.
        info: Its function.
        frame: The call.
        rest: Whether it is ``*args`` or ``**kwargs``.
    """
    for name, values in frame.arguments:
        if name == node.arg:
            return values
    if rest:
        return ()
    is_first = info.owner is not None and bool(info.positional) and info.positional[0] is node
    if is_first and "staticmethod" not in attributes.decorator_names(info):
        return (frame.receiver,) if frame.receiver is not None else ()
    typed = hints.resolve(inference, node.annotation, info, frame) if node.annotation else ()
    if typed and not any(inference.classes.is_open(value) for value in typed):
        return typed
    default = info.defaults.get(node.arg)
    places = [*hints.metadata(inference, node.annotation, info)]
    if default is not None:
        places.append((default, info.parent))
    for place, where in places:
        injected = library_types.injected(inference, place, where)
        if injected and (not typed or all(isinstance(value, Instance) for value in injected)):
            return injected
    if not typed and info.name == "__init__" and info.owner is not None:
        given = inference.constructions.argument(info.owner, info, node.arg)
        if any(_tells(value) for value in given):
            return tuple(value for value in given if _tells(value))
    if typed or default is None:
        return typed
    return tuple(value for value in inference.infer(default, info.parent, None) if _tells(value))


def usual_receiver(info: FunctionInfo) -> Value | None:
    """Return what a method is bound to where nothing else is known."""
    owner = info.owner
    if owner is None:
        return None
    names = attributes.decorator_names(info)
    if "staticmethod" in names:
        return None
    return Class(owner) if "classmethod" in names or info.name in ("__new__", "__init_subclass__") else Instance(owner)


def bind_receiver(value: Value, receiver: Value | None, decorators: list[str]) -> Value:
    """Return a method bound to its object.

    Args:
        value: What the class has.
        receiver: The object, or the class.
        decorators: The names of the method's decorators.
    """
    match value:
        case Function(info=info, closure=closure, possible=possible):
            if "staticmethod" in decorators:
                return value
            if "classmethod" in decorators:
                bound = Class(receiver.info) if isinstance(receiver, Instance) else receiver
                return Function(info, closure, bound, possible)
            if isinstance(receiver, Class):
                return value
            return Function(info, closure, receiver, possible)
        case Partial(function=function, possible=possible):
            return Partial(bind_receiver(function, receiver, decorators), possible)
        case ContextFunction(function=function, is_async=is_async):
            bound_function = bind_receiver(function, receiver, decorators)
            return ContextFunction(bound_function, is_async) if isinstance(bound_function, Function) else value
        case Offloaded(function=functions):
            return Offloaded(tuple(bind_receiver(one, receiver, decorators) for one in functions))
        case _:
            return value


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
