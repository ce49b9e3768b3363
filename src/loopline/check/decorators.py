"""What a function's name is worth after its decorators, and what they add to its calls."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from loopline.check import attributes, calls
from loopline.check.conditions import applies
from loopline.check.libraries import Effect
from loopline.check.model import FunctionInfo
from loopline.check.parameters import TELLING
from loopline.check.values import (
    ContextFunction,
    Frame,
    Function,
    Library,
    LibraryInstance,
    LibraryMethod,
    Offloaded,
    Partial,
    Value,
    Values,
)

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["CONTEXTS", "added", "decorated", "is_cached", "is_kept_for_good", "is_plainly_decorated"]

CACHES = {"lru_cache", "cache", "cached", "ttl_cache", "lfu_cache", "memoize", "cachedmethod"}
CONTEXTS = {"contextlib.contextmanager": False, "contextlib.asynccontextmanager": True}
PLAIN = {
    "staticmethod",
    "classmethod",
    "property",
    "cached_property",
    "abstractmethod",
    "override",
    "overload",
    "wraps",
    "final",
}
KEEPING = {
    "get", "post", "put", "patch", "delete", "head", "options", "api_route", "websocket", "middleware", "route",
    "exception_handler", "on_event", "retry", "wraps", "setter", "fixture", "field_validator", "asynccontextmanager",
    "contextmanager", "alru_cache",
}  # fmt: skip


def decorated(inference: Inference, info: FunctionInfo, frame: Frame | None) -> Values:
    """Return what a function's name is worth after its decorators.

    Args:
        inference: Answers for the decorators.
        info: The function.
        frame: The call in which it was defined, None outside functions.
    """
    closure = frame if isinstance(info.parent, FunctionInfo) else None
    values: Values = (Function(info, closure),)
    for node in reversed(getattr(info.node, "decorator_list", [])):
        target = node.func if isinstance(node, ast.Call) else node
        name = target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""
        if name in PLAIN:
            continue
        if name in CACHES:
            if not info.is_async:
                values = tuple(Partial(value, possible=True) for value in values)
            continue
        changed: list[Value] = []
        for decorator in inference.infer(node, info.parent, frame):
            changed.extend(_apply(inference, decorator, values))
        if changed:
            values = tuple(dict.fromkeys(changed))
    return values


def is_cached(info: FunctionInfo) -> bool:
    """Tell whether a decorator keeps what a plain function gave.

    Args:
        info: The function.
    """
    return not info.is_async and not CACHES.isdisjoint(attributes.decorator_names(info))


def is_kept_for_good(info: FunctionInfo) -> bool:
    """Tell whether what a cached function gave is kept until others push it out, not for a time.

    Args:
        info: The function.
    """
    return not {"lru_cache", "cache"}.isdisjoint(attributes.decorator_names(info))


def is_plainly_decorated(inference: Inference, info: FunctionInfo) -> bool:
    """Tell whether all decorators of a function are known to leave it what it is, or to be the project's own.

    Args:
        inference: Answers for the decorators.
        info: The function.
    """
    for node in getattr(info.node, "decorator_list", ()):
        target = node.func if isinstance(node, ast.Call) else node
        name = target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""
        if name in PLAIN or name in KEEPING:
            continue
        if not any(isinstance(value, Function | LibraryMethod) for value in inference.infer(target, info.parent, None)):
            return False
    return True


def added(inference: Inference, info: FunctionInfo) -> list[tuple[ast.expr, Effect]]:
    """Return what decorators of libraries add to each call of a function: the waits of a retry.

    Args:
        inference: Answers for the decorators.
        info: The function.
    """
    found = []
    for node in getattr(info.node, "decorator_list", ()):
        made = node.func if isinstance(node, ast.Call) else node
        for value in inference.infer(made, info.parent, None):
            effect = calls.library_effect(inference, value)
            if (
                effect is not None
                and effect.decorated
                and (isinstance(value, LibraryInstance) or _is_met(effect, node))
            ):
                found.append((node, replace(effect, blocks=effect.decorated)))
    return found


def _is_met(effect: Effect, node: ast.expr) -> bool:
    return applies(effect, node if isinstance(node, ast.Call) else ast.Call(node, [], []))


def _apply(inference: Inference, decorator: Value, values: Values) -> Values:
    match decorator:
        case Library(path=path) if path in CONTEXTS:
            return tuple(ContextFunction(one, CONTEXTS[path]) for one in values if isinstance(one, Function))
        case Library() | LibraryMethod() | LibraryInstance():
            effect = calls.library_effect(inference, decorator)
            if effect is None:
                return ()
            if effect.returns.startswith("offloaded"):
                return (Offloaded(values),)
            if "function 0" in effect.returns:
                object_too = calls.library_type(inference, effect.returns, decorator)
                return (*values, *(one for one in object_too if one not in values))
        case Offloaded():
            return (Offloaded(values),)
        case Function(info=info, closure=closure, receiver=receiver):
            parameters = info.positional[1 if receiver is not None and info.owner is not None else 0 :]
            if parameters and not info.is_async:
                made = inference.frame(info, ((parameters[0].arg, values),), closure, receiver)
                return tuple(one for one in inference.returns(made) if isinstance(one, TELLING))
        case _:
            pass
    return ()
