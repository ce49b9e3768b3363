"""Calls whose result is remembered for as long as the process lives: they run the first time only.

global _client
if _client is None:
    _client = connect()
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from loopline.check.model import FunctionInfo

__all__ = ["remembered_calls"]


def remembered_calls(info: FunctionInfo) -> set[int]:
    """Return the ids of the calls in a function that run only until their result is known.

    Args:
        info: The function.
    """
    if isinstance(info.node, ast.Lambda):
        return set()
    nodes = info.steps
    places = {place for node in nodes for place, _ in _kept(node, info)}
    if not places:
        return set()
    found: set[int] = set()
    asked: dict[str, int] = {}  # where a place was first asked for
    for node in nodes:
        if isinstance(node, ast.If):
            tested = places.intersection(_asked(node.test))
            for place in tested:
                asked.setdefault(place, node.lineno)
            if tested.intersection(place for one in ast.walk(node) for place, _ in _kept(one, info)):
                found.update(id(one) for statement in node.body for one in ast.walk(statement))
    for node in nodes:
        for place, value in _kept(node, info):
            if asked.get(place, value.lineno) < value.lineno:
                found.update(id(one) for one in ast.walk(value))
    return found


def _kept(node: ast.AST, info: FunctionInfo) -> Iterator[tuple[str, ast.expr]]:
    """The places that outlive the call and that an assignment fills: a global name, the class, a module's dict."""
    if isinstance(node, ast.Assign) and not isinstance(node.value, ast.Constant):  # `= None` forgets
        for target in node.targets:
            match target:
                case ast.Name(id=name) if name in info.global_names:
                    yield name, node.value
                case ast.Attribute(value=ast.Name(id="cls")):
                    yield ast.unparse(target), node.value
                case ast.Subscript(value=ast.Name(id=name)) if (
                    name in info.module.bindings and name not in info.bindings
                ):
                    yield name, node.value
                case _:
                    pass


def _asked(test: ast.expr) -> set[str]:
    """What a test asks for: `x`, `not x`, `x is None`, `key not in x`."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return _asked(inner)
        case ast.BoolOp(values=values):
            return {one for value in values for one in _asked(value)}
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return _asked(left)
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[container]):
            return _asked(container)
        case ast.Name() | ast.Attribute():
            return {ast.unparse(test)}
        case _:
            return set()
