"""What a step of a stack is calling: the name in the source, without its arguments."""

from __future__ import annotations

import ast
import linecache
from functools import lru_cache
from itertools import islice
from types import CodeType

from loopline.watch.frames import Step

__all__ = ["call_at"]

LONGEST = 20  # lines of a call that are read


def call_at(step: Step) -> str:
    """Return what is called there, such as ``time.sleep``; empty if that is not known, or nothing is called."""
    if step.code is None or step.instruction < 0:
        return ""
    return _call_at(step.code, step.instruction)


@lru_cache(maxsize=1000)
def _call_at(code: CodeType, instruction: int) -> str:
    line, end, column, end_column = next(islice(code.co_positions(), instruction // 2, None), (None,) * 4)
    if line is None or end is None or column is None or end_column is None or end - line > LONGEST:
        return ""
    source = [linecache.getline(code.co_filename, number).encode() for number in range(line, end + 1)]
    source[-1] = source[-1][:end_column]
    source[0] = source[0][column:]
    try:
        expression = ast.parse(b"(" + b"".join(source) + b")", mode="eval").body
    except SyntaxError:
        return ""
    if isinstance(expression, ast.Await):
        expression = expression.value
    return _name(expression.func) if isinstance(expression, ast.Call) else ""


def _name(function: ast.expr) -> str:
    """Return a dotted name. What it is taken from may be any expression: of that only an ellipsis is shown."""
    if isinstance(function, ast.Name):
        return function.id
    if isinstance(function, ast.Attribute):
        return f"{_name(function.value)}.{function.attr}"
    return "…"
