"""What a test says of the names in it, if it is true or false: `isinstance(x, Repo)`, `case Repo()`. Syntax only."""

from __future__ import annotations

import ast
from dataclasses import dataclass

__all__ = ["Fact", "facts", "matched", "named"]

ASYNC_ITERATOR = ast.Attribute(ast.Name("typing"), "AsyncIterator")
AWAITABLE = ast.Attribute(ast.Name("typing"), "Awaitable")
PREDICATES = {
    "isasyncgen": ASYNC_ITERATOR,
    "iscoroutine": AWAITABLE,
    "isawaitable": AWAITABLE,
    "isfuture": AWAITABLE,
    "__aiter__": ASYNC_ITERATOR,
    "__anext__": ASYNC_ITERATOR,
    "__await__": AWAITABLE,
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A name (or `self.name`) that is, or is not, of a type, behind the node ``after``."""

    name: str
    type: ast.expr
    holds: bool
    after: ast.AST


def facts(test: ast.expr, outcome: bool) -> list[Fact]:
    """Return what a test says if it has an outcome.

    Args:
        test: The condition.
        outcome: Whether it is true.
    """
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return facts(operand, not outcome)
        case ast.BoolOp(op=op, values=values) if isinstance(op, ast.And) == outcome:
            return [fact for value in values for fact in facts(value, outcome)]
        case ast.Call(func=ast.Name(id="isinstance"), args=[subject, kind]):
            return _fact(subject, kind, outcome, test)
        case ast.Call(func=ast.Name(id="hasattr"), args=[subject, ast.Constant(value=str(name))]) if name in PREDICATES:
            return _fact(subject, PREDICATES[name], outcome, test)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[subject]) if name in PREDICATES:
            return _fact(subject, PREDICATES[name], outcome, test)
        case ast.Compare(left=ast.Call(func=ast.Name(id="type"), args=[subject]), ops=[op], comparators=[kind]):
            if isinstance(op, ast.Is | ast.Eq) and outcome:
                return _fact(subject, kind, True, test)
    return []


def matched(pattern: ast.pattern) -> ast.expr | None:
    """Return the type that a pattern of a `match` asks for, or None if it asks for more, or for nothing.

    Args:
        pattern: The pattern.
    """
    match pattern:
        case ast.MatchClass(cls=kind):
            return kind
        case ast.MatchAs(pattern=ast.pattern() as inner):
            return matched(inner)
        case ast.MatchOr(patterns=patterns):
            kinds = [matched(one) for one in patterns]
            known = [one for one in kinds if one is not None]
            return ast.Tuple(known, ast.Load()) if len(known) == len(kinds) else None
        case _:
            return None


def named(node: ast.expr) -> str:
    """Return the name, or `name.attribute`, that an expression is, or an empty string.

    Args:
        node: The expression.
    """
    match node:
        case ast.Name(id=name):
            return name
        case ast.NamedExpr(target=ast.Name(id=name)):
            return name
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return f"{owner}.{name}"
        case _:
            return ""


def _fact(subject: ast.expr, kind: ast.expr, holds: bool, after: ast.AST) -> list[Fact]:
    name = named(subject)
    return [Fact(name, kind, holds, after)] if name else []
