"""What a test expects to fail: most often before it comes to what waits.

with pytest.raises(ValueError):
    store.read(token="none")
"""

from __future__ import annotations

import ast

from loopline.check.indexing import position
from loopline.check.model import FunctionInfo

__all__ = ["is_expected_to_fail"]

RAISES = {"raises", "assertRaises", "assertRaisesRegex"}


def is_expected_to_fail(test: FunctionInfo, node: ast.AST) -> bool:
    """Tell whether a place in a test is in a block that must raise an error.

    Args:
        test: The test.
        node: The place.
    """
    at = position(node)
    return any(
        position(one.body[0]) <= at < (one.end_lineno or 0, one.end_col_offset or 0)
        for one in test.parts
        if isinstance(one, ast.With | ast.AsyncWith) and any(_raises(item.context_expr) for item in one.items)
    )


def _raises(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in RAISES
        case _:
            return False
