"""Forgotten awaits: `await` before the call, `async` before the `with` or `for`."""

from __future__ import annotations

import ast

from loopline.check.finding import Finding
from loopline.check.fixes.edit import Edit
from loopline.check.fixes.source import FileSource

__all__ = ["around", "await_it"]

TIGHTER = (ast.Attribute, ast.Subscript, ast.Call)  # what binds its value closer than `await` does


def await_it(source: FileSource, finding: Finding) -> list[Edit]:
    """Return the edits that await what a finding says is not awaited.

    Args:
        source: The file.
        finding: One of LL201 to LL207.

    Returns:
        Nothing where no `await` can stand, or where it would not be enough.
    """
    if "not awaited on every way" in finding.message or "is a coroutine function" in finding.message:
        return []
    wrong = "asynchronous context manager" in finding.message or "is iterated asynchronously" in finding.message
    if wrong:
        return _async_statement(source, finding)
    call = source.call(finding)
    if call is None or not isinstance(source.function(call), ast.AsyncFunctionDef):
        return []
    return around(source, call, b"await ", b"")


def around(source: FileSource, node: ast.expr, before: bytes, after: bytes) -> list[Edit]:
    """Return the edits that put texts before and after an expression, in brackets where those are needed.

    Args:
        source: The file.
        node: The expression.
        before: What goes before it, beginning with `await`.
        after: What goes after it.
    """
    parent = source.parents.get(node)
    held = getattr(parent, "func", getattr(parent, "value", None))
    if isinstance(parent, TIGHTER) and held is node:
        before, after = b"(" + before, after + b")"
    start, end = source.start(node), source.end(node)
    edits = [Edit(start, start, before, outer=end - start)]
    return [*edits, Edit(end, end, after, outer=start - end)] if after else edits


def _async_statement(source: FileSource, finding: Finding) -> list[Edit]:
    for node in source.nodes(finding):
        statement: ast.AST | None = source.parents.get(node)
        if isinstance(statement, ast.withitem):
            statement = source.parents.get(statement)
        alone = isinstance(statement, ast.With) and len(statement.items) == 1
        if alone or (isinstance(statement, ast.For) and statement.iter is node):
            assert isinstance(statement, ast.With | ast.For)
            if isinstance(source.function(statement), ast.AsyncFunctionDef):
                start = source.start(statement)
                return [Edit(start, start, b"async ")]
    return []
