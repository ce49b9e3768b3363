"""Whether what changed in a body has nothing to do with the rest of it, nor with what the function is given.

Then it does the same in each call, and all else does what it did, whoever asks.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Container

from loopline.check.alignment import Function
from loopline.check.flow import SIMPLE, flow
from loopline.check.model import FunctionInfo
from loopline.check.ordinary import is_ordinary

__all__ = ["changed_apart"]

MORE = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.Global, ast.Nonlocal, ast.Yield),
    *(ast.YieldFrom, ast.NamedExpr, ast.comprehension),
)


def changed_apart(old: FunctionInfo, new: FunctionInfo, refused: Container[str]) -> bool:
    """Tell whether the statements in which two versions of a function differ stand alone, and run in each call.

    Args:
        old: The function as it was.
        new: The function as it is, in a module of its own.
        refused: Names whose calls others look for.
    """
    if isinstance(old.node, ast.Lambda) or isinstance(new.node, ast.Lambda):
        return False
    both = [(info, _simple(info.node)) for info in (old, new)]
    dumps = [Counter(ast.dump(one) for one in statements) for _, statements in both]
    changed = []
    for (_, statements), missing in zip(both, (dumps[0] - dumps[1], dumps[1] - dumps[0]), strict=True):
        own = []
        for one in statements:
            if missing[ast.dump(one)] > 0:
                missing[ast.dump(one)] -= 1
                own.append(one)
        changed.append(own)
    rest = [_rest(info.node, statements) for (info, _), statements in zip(both, changed, strict=True)]
    if rest[0] != rest[1]:
        return False
    for (info, _), own in zip(both, changed, strict=True):
        inside = [node for one in own for node in ast.walk(one) if isinstance(node, ast.Name)]
        given = {node.id for node in inside if isinstance(node.ctx, ast.Store)}
        read = {node.id for node in inside if isinstance(node.ctx, ast.Load)}
        names = {node.id for node in ast.walk(info.node) if isinstance(node, ast.Name) and node not in inside}
        if not given.isdisjoint(names.union(info.module.bindings, (arg.arg for arg in info.parameters))):
            return False
        if not (read - given).isdisjoint(info.bindings) or not all(_stands_alone(info, one, refused) for one in own):
            return False
    return True


def _simple(node: ast.AST) -> list[ast.stmt]:
    return [one for one in ast.walk(node) if isinstance(one, SIMPLE)]


def _rest(node: ast.AST, changed: list[ast.stmt]) -> str:
    assert isinstance(node, Function)
    return flow(node, (), whole=True, leave_out={id(one) for one in changed})


def _stands_alone(info: FunctionInfo, statement: ast.stmt, refused: Container[str]) -> bool:
    for one in ast.walk(statement):
        match one:
            case ast.Attribute() | ast.Subscript() if not isinstance(one.ctx, ast.Load):
                return False
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in refused:
                return False
            case _ if isinstance(one, MORE):
                return False
            case _:
                pass
    return is_ordinary(info, statement)
