"""Who takes a coroutine, who wants a value, and what gives a coroutine when it is called."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from loopline.check import attributes, calls, decorators, hints
from loopline.check.libraries import Effect
from loopline.check.library_types import given
from loopline.check.model import ClassInfo, FunctionInfo
from loopline.check.values import (
    Class,
    Coroutine,
    Frame,
    Function,
    Generator,
    Instance,
    LibraryInstance,
    LibraryMethod,
    Offloaded,
    Partial,
    Value,
    Values,
)

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = [
    "all_async_iterable",
    "all_of_project",
    "all_pending",
    "enters_async",
    "gives_coroutine",
    "is_async_only",
    "is_awaitable_type",
    "refused",
    "wants_a_value",
]


def gives_coroutine(inference: Inference, value: Value) -> bool:
    """Tell whether calling a value gives a coroutine."""
    match value:
        case Function(info=info, closure=closure, receiver=receiver):
            if info.is_async:
                return not info.is_generator and decorators.is_plainly_decorated(inference, info)
            if isinstance(info.node, ast.Lambda):
                returned = inference.returns(inference.frame(info, (), closure, receiver))
                return all_pending(returned)
            return False
        case Partial(function=function):
            return gives_coroutine(inference, function)
        case LibraryMethod():
            effect = calls.library_effect(inference, value)
            return effect is not None and effect.is_async
        case Offloaded():
            return True
        case _:
            return False


def wants_a_value(inference: Inference, functions: Values, node: ast.Call, part: ast.expr) -> bool:
    """Tell whether the parameter that an argument goes to has a type that no coroutine has.

    Args:
        inference: Answers for annotations.
        functions: What is called.
        node: The call.
        part: The argument.
    """
    if not functions:
        return False
    for function in functions:
        typed: Values = ()
        match function:
            case Function(info=info, receiver=receiver):
                offset = 1 if receiver is not None and info.owner is not None else 0
                typed = _parameter_type(inference, info, node, part, offset)
            case Class(info=owner):
                typed = _field_type(inference, owner, node, part)
            case _:
                return False
        if not typed or any(isinstance(one, Coroutine) or is_awaitable_type(one) for one in typed):
            return False
    return True


def _parameter_type(inference: Inference, info: FunctionInfo, node: ast.Call, part: ast.expr, offset: int) -> Values:
    names = info.positional[offset:]
    wanted: ast.arg | None = None
    if part in node.args and node.args.index(part) < len(names):
        wanted = names[node.args.index(part)]
    else:
        name = next((keyword.arg for keyword in node.keywords if keyword.value is part), None)
        wanted = next((arg for arg in info.parameters if arg.arg == name), None)
    if wanted is None or wanted.annotation is None:
        return ()
    return hints.resolve(inference, wanted.annotation, info, None)


def _field_type(inference: Inference, owner: ClassInfo, node: ast.Call, part: ast.expr) -> Values:
    for one in attributes.get(inference, Instance(owner, exact=True), "__init__"):
        if isinstance(one, Function):
            return _parameter_type(inference, one.info, node, part, 1)
    name = next((keyword.arg for keyword in node.keywords if keyword.value is part), None)
    for ancestor in inference.classes.ancestry(owner):
        bound = ancestor.bindings.get(name) if isinstance(ancestor, ClassInfo) and name else None
        if bound and bound[-1].annotation is not None and isinstance(ancestor, ClassInfo):
            return hints.resolve(inference, bound[-1].annotation, ancestor, None)
    return ()


def all_pending(values: Values) -> bool:
    """Tell whether values are nothing but coroutines that must be awaited."""
    return bool(values) and all(isinstance(one, Coroutine) and not one.lenient for one in values)


def is_awaitable_type(value: Value) -> bool:
    """Tell whether a type may be something that is awaited."""
    return isinstance(value, LibraryInstance) and (
        value.path in ("asyncio.Task", "asyncio.Future", "builtins.object") or "typing" in value.path
    )


def all_of_project(values: Values) -> bool:
    """Tell whether values are nothing but coroutines of the project, so that it is known what awaiting them gives."""
    return all_pending(values) and all(
        isinstance(one, Coroutine) and one.frame is not None and one.sure for one in values
    )


def all_async_iterable(inference: Inference, values: Values) -> bool:
    """Tell whether values are nothing but what `async for` iterates.

    Args:
        inference: Answers for libraries.
        values: The values.
    """
    return bool(values) and all(
        (isinstance(one, Generator) and one.is_async) or is_async_only(inference, one) for one in values
    )


def is_async_only(inference: Inference, value: Value) -> bool:
    """Tell whether a library's object knows `async with` and `async for` only.

    Args:
        inference: Answers for libraries.
        value: The object.
    """
    described = inference.libraries.cls(value.path) if isinstance(value, LibraryInstance) else None
    return described is not None and described.only_async


def enters_async(inference: Inference, value: Value) -> bool:
    """Tell whether an object of the project knows `async with` and not `with`.

    Args:
        inference: Answers for base classes.
        value: The object.
    """
    if not isinstance(value, Instance):
        return False
    ancestry = inference.classes.ancestry(value.info)
    names = {name for one in ancestry if isinstance(one, ClassInfo) for name in one.bindings}
    foreign = any(isinstance(one, str) and one != "builtins.object" for one in ancestry)
    return "__aenter__" in names and "__enter__" not in names and not foreign


def refused(inference: Inference, effect: Effect, node: ast.Call, info: FunctionInfo, frame: Frame) -> list[ast.expr]:
    """Return the arguments of a library's function that must not be coroutines.

    Args:
        inference: Answers for expressions.
        effect: What the function does.
        node: The call.
        info: The function in which it stands.
        frame: The call in which it is evaluated.
    """
    for which in effect.threads:
        for one in given(node, which):
            for value in inference.infer(one, info, frame):
                handed = calls.library_effect(inference, value)
                if handed is not None and handed.consumes:
                    return []  # `pool.submit(asyncio.run, main())`
    return [one for which in effect.refuses for one in given(node, which)]
