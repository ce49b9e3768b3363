"""Where the code of a file went in an edit that changed none of it: comments, blank lines, docstrings, line breaks."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from itertools import pairwise

from loopline.check.model import extent
from loopline.check.reading import UNREADABLE, parse

__all__ = ["Alignment", "align"]

Place = tuple[int, int]


@dataclass(slots=True)
class Alignment:
    """The new places of old code.

    Up to line ``before`` nothing moved; from line ``after`` on, everything by ``shift`` lines.
    """

    before: int
    after: int
    shift: int
    places: dict[Place, Place] = field(default_factory=dict)  # in between
    lines: dict[int, int] = field(default_factory=dict)

    def line(self, number: int) -> int | None:
        """Return where an old line is now, None if no code begins or ends on it."""
        if number <= self.before:
            return number
        return number + self.shift if number >= self.after else self.lines.get(number)

    def place(self, line: int, column: int) -> Place | None:
        """Return where an old line and column are now, None if no code begins or ends there."""
        if line <= self.before:
            return line, column
        return (line + self.shift, column) if line >= self.after else self.places.get((line, column))


def align(old: str, new: str) -> Alignment | None:
    """Return where old code is in a new text.

    Args:
        old: A file's text.
        new: What it is now.

    Returns:
        The places; None if it is not the same code in the same order, what shared a line still sharing it.
    """
    old_lines, new_lines = old.split("\n"), new.split("\n")
    most = min(len(old_lines), len(new_lines))
    before = next((i for i in range(most) if old_lines[i] != new_lines[i]), most)
    rest = most - before
    kept = next((i for i in range(rest) if old_lines[-1 - i] != new_lines[-1 - i]), rest)
    shift = len(new_lines) - len(old_lines)
    walk = _Walk(Alignment(before, len(old_lines) - kept + 1, shift))
    try:
        if not walk.same(parse(old), parse(new)):
            return None
    except UNREADABLE:
        return None
    found = walk.found
    return found if _in_order(found.places) and _in_order({(a, 0): (b, 0) for a, b in found.lines.items()}) else None


def _in_order(moved: dict[Place, Place]) -> bool:
    """Whether what came first still does, and what was together still is: rules compare places."""
    return all(one < other for one, other in pairwise(moved[old] for old in sorted(moved)))


class _Walk:
    def __init__(self, found: Alignment) -> None:
        self.found = found

    def same(self, old: object, new: object) -> bool:
        """Tell whether two trees, lists of them, or values are the same; note their places on the way."""
        if old.__class__ is not new.__class__:
            return False
        if isinstance(old, list) and isinstance(new, list):
            return len(old) == len(new) and all(map(self.same, old, new))
        if not isinstance(old, ast.AST) or not isinstance(new, ast.AST):
            return old == new and repr(old) == repr(new)  # 1 is not 1.0, 0.0 is not -0.0
        if isinstance(old, ast.stmt) and isinstance(new, ast.stmt):
            if self._is_untouched(old, new):
                return True
            if _is_text(old) and _is_text(new):
                return self._note(old, new)
        return self._note(old, new) and all(self.same(getattr(old, name), getattr(new, name)) for name in old._fields)

    def _is_untouched(self, old: ast.stmt, new: ast.stmt) -> bool:
        """Whether both statements are in lines that are the same in both texts: then so is all in them."""
        start, end = _first_line(old), old.end_lineno or 0
        if old.col_offset != new.col_offset or (new.end_lineno or 0) - _first_line(new) != end - start:
            return False
        if end <= self.found.before:
            return _first_line(new) == start
        return start >= self.found.after and _first_line(new) == start + self.found.shift

    def _note(self, old: ast.AST, new: ast.AST) -> bool:
        if not hasattr(old, "lineno"):
            return True
        was, now = extent(old), extent(new)
        for before, after in ((was[:2], now[:2]), (was[2:], now[2:])):
            known = self.found.places.setdefault(before, after)
            line = self.found.lines.setdefault(before[0], after[0])
            if known != after or line != after[0]:
                return False
        return True


def _is_text(node: ast.stmt) -> bool:
    """Whether a statement is a docstring, or another text that nobody reads."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])
