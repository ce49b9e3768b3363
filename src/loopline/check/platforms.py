"""What the Python that checks says of conditions on the platform: the project runs on the same, or a like one."""

from __future__ import annotations

import ast
import os
import platform
import sys

from loopline.check.known import NOTHING, Known, of_literal

__all__ = ["asks_platform", "of_platform"]

ANSWERS = {"sys.platform": sys.platform, "os.name": os.name, "platform.system()": platform.system()}


def of_platform(node: ast.expr) -> Known:
    """Return what is known of `sys.platform`, `os.name`, `platform.system()`, `sys.platform.startswith("win")`.

    Args:
        node: The expression.
    """
    match node:
        case ast.Call(func=ast.Attribute(value=held, attr="startswith"), args=[ast.Constant(value=str(start))]):
            answer = ANSWERS.get(ast.unparse(held)) if isinstance(held, ast.Attribute) else None
            return of_literal(answer.startswith(start)) if answer is not None else NOTHING
        case ast.Attribute(value=ast.Name(id="sys" | "os")) | ast.Call(func=ast.Attribute(attr="system"), args=[]):
            answer = ANSWERS.get(ast.unparse(node))
            return of_literal(answer) if answer is not None else NOTHING
        case _:
            return NOTHING


def asks_platform(node: ast.expr) -> bool:
    """Tell whether an expression asks for the platform.

    Args:
        node: The expression.
    """
    return any(of_platform(one) is not NOTHING for one in ast.walk(node) if isinstance(one, ast.Attribute | ast.Call))
