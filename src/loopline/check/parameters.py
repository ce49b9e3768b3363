"""What a call gives for a function's parameters, and what a method is bound to: the frame of the call."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from loopline.check import attributes, hints, library_types
from loopline.check.mocks import stand_ins
from loopline.check.model import FunctionInfo, Scope
from loopline.check.values import (
    Class,
    ContextFunction,
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
    Tuple,
    Value,
    Values,
)

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["TELLING", "bind", "bind_receiver", "parameter", "usual_receiver"]

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


def bind(
    inference: Inference,
    function: Function,
    node: ast.Call | None,
    scope: Scope,
    frame: Frame | None,
    *,
    whole: bool = True,
) -> Frame:
    """Return the frame of a call: parameters without a telling annotation get what is given for them.

    Args:
        inference: Answers for the arguments.
        function: The function.
        node: The call, or None if it is not in the source.
        scope: Where the call stands.
        frame: The call in which it is evaluated.
        whole: Whether it gives all arguments that are given: a partial has others.
    """
    info = function.info
    given: list[tuple[str, Values]] = []
    if node is not None and (node.args or node.keywords):
        open_names = _open_parameters(inference, info)
        given.extend(_mocks(inference, function, node, open_names, scope, frame))
        if open_names:
            positional = info.positional[1 if function.receiver is not None and info.owner is not None else 0 :]
            for index, value in enumerate(node.args):
                if isinstance(value, ast.Starred) or index >= len(positional):
                    break
                _give(inference, given, positional[index].arg, value, open_names, scope, frame)
            for keyword in node.keywords:
                if keyword.arg is not None:
                    _give(inference, given, keyword.arg, keyword.value, open_names, scope, frame)
    told = inference.told.by(function, node, scope, frame) if node is not None and whole else ()
    return inference.frame(info, tuple(given), function.closure, function.receiver, told)


def _mocks(
    inference: Inference,
    function: Function,
    node: ast.Call,
    others: set[str],
    scope: Scope,
    frame: Frame | None,
) -> list[tuple[str, Values]]:
    """What a test gives in place of what the parameters' types say."""
    if not scope.module.is_test:
        return []
    offset = 1 if function.receiver is not None and function.info.owner is not None else 0
    names = [arg.arg for arg in function.info.positional[offset:]]
    pairs = list(zip(names, node.args, strict=False))
    pairs += [(keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg is not None]
    found = [(name, stand_ins(inference, value, scope, frame)) for name, value in pairs if name not in others]
    return [(name, values) for name, values in found if values]


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
        values = stand_ins(inference, value, scope, frame)
        values = values or tuple(one for one in inference.infer(value, scope, frame) if _tells(one))
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
