"""Dependencies that commit too late: `scope="function"` in each `Depends` on them."""

from __future__ import annotations

import ast

from loopline.check.fixes.edit import Edit
from loopline.check.fixes.source import FileSource

__all__ = ["scope_it"]


def scope_it(source: FileSource, line: int, column: int) -> list[Edit]:
    """Return the edits that give a `Depends(…)` the scope of the function.

    Args:
        source: The file.
        line: Where the call is.
        column: Its column, from 1.
    """
    for node in source.parents:
        if isinstance(node, ast.Call) and (node.lineno, node.col_offset + 1) == (line, column):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if not given or not source.is_there(node) or any(one.arg in ("scope", None) for one in node.keywords):
                return []
            end = max(source.end(one) for one in given)
            return [Edit(end, end, b', scope="function"')]
    return []
