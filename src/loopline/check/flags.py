"""Parameters that switch a part of a function on or off, where a call gives a literal: `check(host, dns=False)`."""

from __future__ import annotations

import ast

from loopline.check.model import FunctionInfo
from loopline.check.values import Frame, Literal

__all__ = ["dead_statements", "switches"]

LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def switches(info: FunctionInfo) -> set[str]:
    """Return the parameters that a function tests as they are, and never assigns: `if dns`, `if not dns`."""
    names = {arg.arg for arg in info.parameters if len(info.bindings.get(arg.arg, ())) == 1}
    if not names:
        return names
    return {name for node in info.steps if isinstance(node, ast.If) and (name := _switch(node.test)[0]) in names}


def dead_statements(frame: Frame) -> set[int]:
    """Return the ids of the statements that do not run in a call, by the literals that it gives.

    Args:
        frame: The call.
    """
    known = {
        name: bool(values[0].value)
        for name, values in frame.arguments
        if len(values) == 1 and isinstance(values[0], Literal)
    }
    found: set[int] = set()
    if known and not isinstance(frame.info.node, ast.Lambda):
        _mark(frame.info.node.body, known, found)
    return found


def _switch(test: ast.expr) -> tuple[str, bool]:
    match test:
        case ast.Name(id=name):
            return name, True
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)):
            return name, False
        case _:
            return "", True


def _mark(block: list[ast.stmt], known: dict[str, bool], found: set[int]) -> None:
    for index, statement in enumerate(block):
        if isinstance(statement, ast.If):
            name, wanted = _switch(statement.test)
            if name in known:
                runs = statement.body if known[name] is wanted else statement.orelse
                rests = statement.orelse if known[name] is wanted else statement.body
                found.update(id(one) for one in rests)
                if runs and isinstance(runs[-1], LEAVES):
                    found.update(id(one) for one in block[index + 1 :])
        for name in ("body", "orelse", "finalbody"):
            inner = getattr(statement, name, None)
            if inner and not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                _mark(inner, known, found)
