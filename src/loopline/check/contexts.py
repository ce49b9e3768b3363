"""Variables of the context: what a task keeps in one is there when the task asks again, until it sets it back.

_client: ContextVar[Client | None] = ContextVar("client", default=None)
if (client := _client.get()) is None: …
_client.set(client)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from loopline.check.model import FunctionInfo

__all__ = ["fillings", "forgotten", "is_nothing"]


def fillings(info: FunctionInfo) -> Iterator[tuple[str, ast.Call, ast.expr]]:
    """Yield what a function keeps in variables of the context: the variable, the call and the value.

    Args:
        info: The function.
    """
    for call in info.calls:
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="set"), args=[value], keywords=[]):
                if not is_nothing(value) and _is_variable(name, info):
                    yield name, call, value
            case _:
                pass


def forgotten(info: FunctionInfo) -> frozenset[str]:
    """Return the names of what a function sets back: `_client.set(None)`, `_client.reset(token)`.

    Args:
        info: The function.
    """
    found: set[str] = set()
    for call in info.calls:
        match call:
            case ast.Call(func=ast.Attribute(value=held, attr="reset"), args=[_]):
                found.add(_last(held))
            case ast.Call(func=ast.Attribute(value=held, attr="set"), args=[value]) if is_nothing(value):
                found.add(_last(held))
            case _:
                pass
    return frozenset(found)


def _is_variable(name: str, info: FunctionInfo) -> bool:
    bound = info.module.bindings.get(name, ())
    if name in info.bindings or len(bound) != 1 or bound[0].kind != "value":
        return False
    made = bound[0].node
    return isinstance(made, ast.Call) and _last(made.func) == "ContextVar"


def is_nothing(value: ast.expr) -> bool:
    """Tell whether a value means that nothing is kept: `_client = None`, `_is_ready = False`.

    Args:
        value: The value.
    """
    return isinstance(value, ast.Constant) and not value.value


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
