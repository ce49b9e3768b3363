"""Calls whose result is remembered for as long as the process, or an object, lives: they run the first time only.

global _client
if _client is None:
    _client = connect()
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from loopline.check.model import FunctionInfo

__all__ = ["Kept", "keeping", "remembered_calls"]

LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a result is kept: ``by`` which parameters it is chosen, and whether an object keeps it."""

    place: str
    by: frozenset[str] = frozenset()
    in_object: bool = False


def remembered_calls(info: FunctionInfo) -> dict[int, Kept]:
    """Return the ids of the nodes of a function that run only until their result is known, and where it is kept.

    Args:
        info: The function.
    """
    if isinstance(info.node, ast.Lambda):
        return {}
    nodes = info.steps
    places = {kept.place: kept for node in nodes for kept, _ in _kept(node, info)}
    places.update((kept.place, kept) for kept in _loggers(info))
    if not places:
        return {}
    found: dict[int, Kept] = {}
    asked: dict[str, int] = {}  # where a place was first asked for
    for node in nodes:
        if isinstance(node, ast.If):
            tested = [place for place in _asked(node.test) if place in places]
            for place in tested:
                asked.setdefault(place, node.lineno)
                if any(kept.place == place for one in ast.walk(node) for kept, _ in _kept(one, info)):
                    block = node.orelse if _is_positive(node.test) and node.orelse else node.body
                    found.update((id(one), places[place]) for statement in block for one in ast.walk(statement))
    for node in nodes:
        for kept, value in _kept(node, info):
            if asked.get(kept.place, value.lineno) < value.lineno:
                found.update((id(one), kept) for one in ast.walk(value))
    for place, rest in _after_asking(info.node.body, places):
        found.update((id(one), places[place]) for statement in rest for one in ast.walk(statement))
    return found


def keeping(info: FunctionInfo) -> frozenset[str]:
    """Return the parameters of a function by which it chooses what it remembers.

    Args:
        info: The function.
    """
    return frozenset(name for kept in remembered_calls(info).values() for name in kept.by)


def _after_asking(block: list[ast.stmt], places: dict[str, Kept]) -> Iterator[tuple[str, list[ast.stmt]]]:
    """What follows `if _client is not None: return _client` and fills it."""
    for index, node in enumerate(block):
        if isinstance(node, ast.If) and isinstance(node.body[-1], LEAVES) and _is_positive(node.test):
            rest = block[index + 1 :]
            for place in _asked(node.test):
                if place in places and any(_fills(one, place) for statement in rest for one in ast.walk(statement)):
                    yield place, rest
        elif isinstance(node, ast.With | ast.AsyncWith):
            yield from _after_asking(node.body, places)


def _fills(node: ast.AST, place: str) -> bool:
    match node:
        case ast.Assign(targets=targets, value=value):
            return not isinstance(value, ast.Constant) and any(
                ast.unparse(one.value if isinstance(one, ast.Subscript) else one) == place for one in targets
            )
        case ast.Call(func=ast.Attribute(value=value, attr="addHandler")):
            return f"{ast.unparse(value)}.handlers" == place
        case _:
            return False


def _kept(node: ast.AST, info: FunctionInfo) -> Iterator[tuple[Kept, ast.expr]]:
    """The places that outlive the call and that an assignment fills: a global name, an attribute, a dict outside."""
    if not isinstance(node, ast.Assign) or isinstance(node.value, ast.Constant):  # `= None` forgets
        return
    for target in node.targets:
        match target:
            case ast.Name(id=name) if name in info.global_names:
                yield Kept(name), node.value
            case ast.Attribute(value=ast.Name(id="cls")):
                yield Kept(ast.unparse(target)), node.value
            case ast.Attribute(value=ast.Name(id="self")):
                yield Kept(ast.unparse(target), in_object=True), node.value
            case ast.Subscript(value=ast.Name(id=name), slice=key) if (
                name in info.module.bindings and name not in info.bindings
            ):
                yield Kept(name, _parameters(key, info)), node.value
            case ast.Subscript(value=ast.Attribute(value=ast.Name(id="self" | "cls")) as held, slice=key):
                yield Kept(ast.unparse(held), _parameters(key, info), in_object=True), node.value
            case _:
                pass


def _loggers(info: FunctionInfo) -> Iterator[Kept]:
    """Loggers are kept by name, with their handlers: `logger = logging.getLogger(name)`, `if logger.handlers`."""
    for node in info.steps:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=ast.Name(id="getLogger") | ast.Attribute(attr="getLogger"), args=parts),
            ):
                chosen = [_parameters(part, info) for part in parts]
                yield Kept(f"{name}.handlers", frozenset().union(*chosen))
            case _:
                pass


def _parameters(node: ast.expr, info: FunctionInfo) -> frozenset[str]:
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    given = {arg.arg for arg in info.parameters}
    return frozenset(name if name in given else "?" for name in names)


def _is_positive(test: ast.expr) -> bool:
    """Whether a test is true once the result is there: `x`, `x is not None`, `key in x`."""
    match test:
        case ast.Compare(ops=[ast.IsNot() | ast.In()]) | ast.Name() | ast.Attribute():
            return True
        case ast.BoolOp(op=ast.And(), values=values):
            return any(_is_positive(one) for one in values)
        case ast.Call(func=ast.Attribute(attr="hasHandlers")):
            return True
        case _:
            return False


def _asked(test: ast.expr) -> list[str]:
    """What a test asks for: `x`, `not x`, `x is None`, `key not in x`."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return _asked(inner)
        case ast.BoolOp(values=values):
            return [one for value in values for one in _asked(value)]
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return _asked(left)
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[container]):
            return _asked(container)
        case ast.Call(func=ast.Attribute(value=held, attr="hasHandlers")):
            return [f"{ast.unparse(held)}.handlers"]
        case ast.Name() | ast.Attribute():
            return [ast.unparse(test)]
        case _:
            return []
