"""Statements that only tell somebody something: a docstring, a line for the log. Others can't depend on them."""

from __future__ import annotations

import ast

__all__ = ["said_aside"]

LOGS = frozenset({"log", "logger", "logging", "_log", "_logger", "LOG", "LOGGER"})
LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
PLAIN = (ast.Constant, ast.Name, ast.Attribute, ast.JoinedStr, ast.FormattedValue, ast.keyword, ast.expr_context)


def said_aside(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Return what a function's body is without them, for a comparison.

    Args:
        node: The function. It is left as it is.
    """
    return " ".join(ast.dump(_bare(one)) for one in node.body if not _only_says(one))


def _bare(node: ast.AST) -> ast.AST:
    values: dict[str, object] = {}
    for name, value in ast.iter_fields(node):
        if isinstance(value, list):
            values[name] = [_bare(one) if isinstance(one, ast.AST) else one for one in value if not _only_says(one)]
        else:
            values[name] = _bare(value) if isinstance(value, ast.AST) else value
    return node.__class__(**values)


def _only_says(node: object) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id="print")) as call):
            return _is_plain(call)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=level)) as call):
            return name in LOGS and level in LEVELS and _is_plain(call)
        case _:
            return False


def _is_plain(call: ast.Call) -> bool:
    given = (*call.args, *call.keywords)
    return all(isinstance(inner, PLAIN) for one in given for inner in ast.walk(one))
