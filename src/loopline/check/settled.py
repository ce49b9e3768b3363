"""What the code around a call says of it: whether the work was waited for already, or was begun at all."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from loopline.check.model import FunctionInfo, own_nodes

__all__ = ["begins", "is_settled"]

WAITS = {"result", "exception", "as_completed", "wait", "wrap_future"}  # the body waits itself, here or on the loop


def is_settled(info: FunctionInfo, receiver: ast.expr, call: ast.Call, after: tuple[str, ...]) -> bool:
    """Tell whether a function asks an object first, or waits for it: `if future.done(): return future.result()`.

    Args:
        info: The function.
        receiver: The object.
        call: The call of its method.
        after: Methods of the object, and (with a dot) functions that it, or what it is one of, is given to.
    """
    methods = {one for one in after if "." not in one}
    functions = {one.rpartition(".")[2] for one in after if "." in one}
    names = {ast.unparse(receiver), *_sources(info, receiver)}
    for node in ast.walk(info.node):
        match node:
            case ast.Attribute(attr=name, value=value) if name in methods and ast.unparse(value) in names:
                return True
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in functions:
                if node.lineno <= call.lineno and names.intersection(_mentioned(node)):
                    return True
            case _:
                pass
    return False


def begins(held: ast.expr, body: list[ast.stmt], methods: tuple[str, ...]) -> bool:
    """Tell whether the body of a `with` calls one of the methods of what is entered, and leaves it to the end to wait.

    Args:
        held: What the body knows it by.
        body: The body.
        methods: Methods that begin something.
    """
    name = ast.unparse(held)
    begun = False
    kept: set[int] = set()  # what the body does not iterate at once: `list(pool.map(f, x))` waits there
    for node in (one for statement in body for one in ast.walk(statement)):
        match node:
            case ast.Expr(value=value) | ast.Assign(value=value):
                kept.add(id(value))
            case ast.Name(id=called) if called in WAITS:
                return False
            case ast.Attribute(attr=called) if called in WAITS:
                return False
            case ast.Call(func=ast.Attribute(attr=called, value=value)) if called in methods:
                begun = begun or (ast.unparse(value) == name and (called != "map" or id(node) in kept))
            case _:
                pass
    return begun


def _sources(info: FunctionInfo, receiver: ast.expr) -> Iterator[str]:
    """What a loop's variable comes from: `futures` in `for future in futures`."""
    if isinstance(receiver, ast.Name):
        for node in own_nodes(info.node):
            if isinstance(node, ast.For | ast.comprehension) and ast.unparse(node.target) == receiver.id:
                yield ast.unparse(node.iter)


def _mentioned(call: ast.Call) -> set[str]:
    parts = (*call.args, *(keyword.value for keyword in call.keywords))
    return {ast.unparse(one) for part in parts for one in ast.walk(part) if isinstance(one, ast.Name | ast.Attribute)}
