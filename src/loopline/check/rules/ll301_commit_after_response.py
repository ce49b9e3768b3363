"""A `yield` dependency commits after its `yield`, without `scope="function"`.

FastAPI runs what follows the `yield` after the response was sent: if the commit fails then, the client has been told
200 and nothing is saved. No exception handler can help.

Bad:

    async def session():
        async with maker() as session:
            yield session
            await session.commit()

    Session = Annotated[AsyncSession, Depends(session)]

Good:

    Session = Annotated[AsyncSession, Depends(session, scope="function")]

Or Loopline's `db.session`, which has that scope.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.library_types import given
from loopline.check.model import FunctionInfo, own_nodes
from loopline.check.rules.traps import finding

__all__ = ["CODE", "TITLE", "check"]

CODE = "LL301"
TITLE = "a dependency commits after the response was sent"


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such dependency."""
    seen: set[FunctionInfo] = set()
    late = _unscoped(analysis)
    for dependencies in analysis.services.all_dependencies():
        for dependency in dependencies:
            function = dependency.endpoint
            if function is None or function in seen or _is_function_scoped(dependency.node):
                continue
            commit = _commit_after_yield(function)
            if commit is not None:
                seen.add(function)
                found = finding(
                    analysis,
                    CODE,
                    commit,
                    function,
                    f"`{function.name}` commits after the response was sent: if that fails, the client was told 200",
                    'Write `Depends(…, scope="function")`, or commit in the endpoint.',
                )
                yield replace(found, mends=tuple(dict.fromkeys(late.get(function, ()))))


def _unscoped(analysis: Analysis) -> dict[FunctionInfo, list[tuple[str, int, int]]]:
    """Return where each function is depended on without that scope: what a fix changes."""
    places: dict[FunctionInfo, list[tuple[str, int, int]]] = {}
    for dependencies in analysis.services.all_dependencies():
        for one in dependencies:
            inside = one.function is not None and bool(one.function.yields)  # that would need the scope, too
            if one.endpoint is not None and not inside and not _is_function_scoped(one.node):
                place = (one.scope.module.shown, one.node.lineno, one.node.col_offset + 1)
                places.setdefault(one.endpoint, []).append(place)
    return places


def _is_function_scoped(node: ast.Call) -> bool:
    return any(isinstance(one, ast.Constant) and one.value == "function" for one in given(node, "scope"))


def _commit_after_yield(function: FunctionInfo) -> ast.AST | None:
    """Return the commit that follows the yield, or the `begin()` block that ends after it."""
    if not function.yields:
        return None
    last = max(one.lineno for one in function.yields)
    for node in own_nodes(function.node):
        match node:
            case ast.Call(func=ast.Attribute(attr="commit")) if node.lineno > last:
                return node
            case ast.With(items=items) | ast.AsyncWith(items=items) if _holds(node, last):
                for item in items:
                    match item.context_expr:
                        case ast.Call(func=ast.Attribute(attr="begin")):
                            return item.context_expr
                        case _:
                            pass
            case _:
                pass
    return None


def _holds(node: ast.With | ast.AsyncWith, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or 0)
