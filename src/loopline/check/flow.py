"""How a body leads from one place to another: its branches, loops and exits, and what of it bears on what it gives."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator

from loopline.check.alignment import Function

__all__ = ["SIMPLE", "flow", "of_results"]

BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
SIMPLE = (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Pass)
DEEPEST = 3  # names behind names


def flow(node: Function, marked: Container[int], *, whole: bool = False, leave_out: Container[int] = ()) -> str:
    """Return a function's branches, loops and exits, with all that stands in their heads, and where marked nodes are.

    Args:
        node: The function.
        marked: The ids of nodes.
        whole: Whether simple statements count as they are.
        leave_out: The ids of simple statements that don't.
    """
    return " ".join(_flow(node.body, marked, whole, leave_out))


def _flow(
    block: list[ast.AST] | list[ast.stmt], marked: Container[int], whole: bool, leave_out: Container[int]
) -> Iterator[str]:
    for node in block:
        count = sum(id(one) in marked for one in ast.walk(node))
        if isinstance(node, SIMPLE):
            if whole and id(node) not in leave_out:
                yield ast.dump(node)
            elif count:
                yield f"marked {count}"
        elif isinstance(node, ast.Return) and not whole:
            yield f"return {count}"
        else:
            yield node.__class__.__name__
            for name, value in ast.iter_fields(node):
                if name in BLOCKS:
                    yield from ("(", *_flow(value, marked, whole, leave_out), ")")
                else:
                    for one in value if isinstance(value, list) else [value]:
                        yield ast.dump(one) if isinstance(one, ast.AST) else repr(one)


def of_results(node: Function) -> list[str]:
    """Return what bears on what a function gives: `return` and all simple statements that name something in it.

    Args:
        node: The function.
    """
    statements = [one for one in ast.walk(node) if isinstance(one, SIMPLE)]
    named = [(one, _names(one)) for one in statements]
    returns = [one for one in ast.walk(node) if isinstance(one, ast.Return)]
    wanted = {name for one in returns for name in _names(one)}
    for _ in range(DEEPEST):
        wanted |= {name for _, names in named if names & wanted for name in names}
    return [ast.dump(one) for one in (*returns, *(one for one, names in named if names & wanted))]


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
