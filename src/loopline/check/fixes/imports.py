"""An import that a fix needs."""

from __future__ import annotations

import ast

from loopline.check.fixes.edit import Edit
from loopline.check.fixes.source import FileSource
from loopline.check.model import first_line

__all__ = ["after_imports", "import_asyncio"]


def import_asyncio(source: FileSource) -> list[Edit] | None:
    """Return the edits after which `asyncio` is a name of the module: often none. None if it means something else."""
    for node in source.tree.body:
        if isinstance(node, ast.Import) and any(
            one.asname is None and one.name.split(".")[0] == "asyncio" for one in node.names
        ):
            return []
    if any(isinstance(node, ast.Name) and node.id == "asyncio" for node in source.parents):
        return None  # a name from elsewhere
    before = [node for node in source.tree.body if _goes_first(node)]
    body = source.tree.body[len(before) :]
    if body and source.indent(body[0]) is not None:
        place = source.lines[first_line(body[0]) - 1]
        return [Edit(place, place, b"import asyncio" + source.newline, outer=1)]
    return None


def after_imports(source: FileSource) -> int | None:
    """Return the place after the imports at the top of a module: the beginning of a line."""
    last = 0
    for node in source.tree.body:
        if not (_goes_first(node) or isinstance(node, ast.Import | ast.ImportFrom)):
            break
        last = node.end_lineno or 0
    return source.lines[last] if last < len(source.lines) else None


def _goes_first(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.ImportFrom(module="__future__"):
            return True
        case _:
            return False
