"""Where the code of a file went in an edit: of comments, blank lines, docstrings, line breaks, or inside functions."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from itertools import pairwise

from loopline.check.model import extent, first_line
from loopline.check.reading import UNREADABLE, parse

__all__ = ["Alignment", "Function", "align"]

Place = tuple[int, int]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(slots=True)
class Alignment:
    """The new places of old code.

    Up to line ``before`` nothing moved; from line ``after`` on, everything by ``shift`` lines. ``changed`` are the
    functions, of the module or of its classes, that have another body, each as it was and as it is.
    """

    before: int
    after: int
    shift: int
    places: dict[Place, Place] = field(default_factory=dict)  # in between
    lines: dict[int, int] = field(default_factory=dict)
    changed: list[tuple[Function, Function]] = field(default_factory=list)

    def line(self, number: int) -> int | None:
        """Return where an old line is now, None if no code begins or ends on it."""
        if number <= self.before:
            return number
        return number + self.shift if number >= self.after else self.lines.get(number)

    def add(self, old: ast.AST, new: ast.AST) -> bool:
        """Note where a node went; tell whether that agrees with all that is known."""
        was, now = extent(old), extent(new)
        ends = not isinstance(old, Function | ast.ClassDef)  # those end where what is in them does
        return self._add(was[:2], now[:2]) and (not ends or self._add(was[2:], now[2:]))

    def _add(self, before: Place, after: Place) -> bool:
        if not self.before < before[0] < self.after:
            return after == (before[0] + (0 if before[0] <= self.before else self.shift), before[1])
        known = self.places.setdefault(before, after)
        return known == after and self.lines.setdefault(before[0], after[0]) == after[0]

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
        The places; None if it is not the same code in the same order, what shared a line still sharing it, but for
        the bodies of functions.
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
        self._inside = 0  # functions around

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
            if isinstance(old, Function) and isinstance(new, Function) and not self._inside:
                return self._function(old, new)
        return self._note(old, new) and all(self.same(getattr(old, name), getattr(new, name)) for name in old._fields)

    def _is_untouched(self, old: ast.stmt, new: ast.stmt) -> bool:
        """Whether both statements are in lines that are the same in both texts: then so is all in them."""
        start, end = first_line(old), old.end_lineno or 0
        if old.col_offset != new.col_offset or (new.end_lineno or 0) - first_line(new) != end - start:
            return False
        if end <= self.found.before:
            return first_line(new) == start
        return start >= self.found.after and first_line(new) == start + self.found.shift

    def _note(self, old: ast.AST, new: ast.AST) -> bool:
        return not hasattr(old, "lineno") or self.found.add(old, new)

    def _function(self, old: Function, new: Function) -> bool:
        """Compare functions; one whose body alone is another is noted."""
        header = [name for name in old._fields if name != "body"]
        if not self._note(old, new) or not all(self.same(getattr(old, name), getattr(new, name)) for name in header):
            return False
        places, lines = dict(self.found.places), dict(self.found.lines)
        self._inside += 1
        same = self.same(old.body, new.body)
        self._inside -= 1
        if not same:
            self.found.places, self.found.lines = places, lines
            self.found.changed.append((old, new))
        return True


def _is_text(node: ast.stmt) -> bool:
    """Whether a statement is a docstring, or another text that nobody reads."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
