"""What stands between the places of a function: branches, loops and returns say which is passed before which."""

from __future__ import annotations

import ast
from collections.abc import Collection

from loopline.check.indexing import position
from loopline.check.model import FunctionInfo
from loopline.check.regions import regions

__all__ = ["skeleton"]


def skeleton(info: FunctionInfo, nodes: Collection[ast.AST]) -> object:
    """Return what is around some places of a function, to be compared; what is around none of them is left out.

    Args:
        info: The function.
        nodes: The places.
    """
    body = [] if isinstance(info.node, ast.Lambda) else info.node.body
    tests = [
        [ast.dump(one.test) for one in regions(info) if one.start <= position(node) < one.end]
        for node in sorted(nodes, key=position)
    ]
    return _block(body, [position(one) for one in nodes]), tests


def _block(block: list[ast.stmt], places: list[tuple[int, int]]) -> list[object]:
    found: list[object] = []
    for statement in block:
        end = (statement.end_lineno or 0, statement.end_col_offset or 0)
        inside = [one for one in places if position(statement) <= one < end]
        returns = any(isinstance(one, ast.Return) for one in ast.walk(statement))
        if inside or returns:
            names = ("body", "orelse", "finalbody")
            blocks = [_block(part, inside) for name in names if (part := getattr(statement, name, None))]
            parts = [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]
            handlers = [_block(one.body, inside) for one in parts]
            raises = [isinstance(one.body[-1], ast.Raise) for one in parts]
            found.append((statement.__class__.__name__, len(inside), blocks, handlers, raises))
    return found
