"""Edits of a service, such as are made all day: a line that blocks is put into an `async def`."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Edit", "edits"]

LINE = 'open("edited").read()'


@dataclass(frozen=True, slots=True)
class Edit:
    """A line that is put into a file.

    Attributes:
        path: The file.
        line: The number of the line, once it is there.
        indent: How far it is indented.
    """

    path: Path
    line: int
    indent: int

    def make(self) -> None:
        """Put the line in."""
        lines = self.path.read_bytes().split(b"\n")
        lines.insert(self.line - 1, b" " * self.indent + LINE.encode())
        self.path.write_bytes(b"\n".join(lines))


def edits(sources: list[Path], count: int, seed: int) -> list[Edit]:
    """Choose edits at random: before the last statement of as many functions, each in another file, none in a test.

    Args:
        sources: The service's files.
        count: How many.
        seed: The same seed chooses the same.
    """
    chance = random.Random(seed)
    found: list[Edit] = []
    for path in chance.sample(sources, len(sources)):
        if len(found) == count:
            break
        functions = [] if "test" in path.as_posix() else list(_functions(path))
        if functions:
            statement = chance.choice(functions).body[-1]
            found.append(Edit(path, _first_line(statement), statement.col_offset))
    return found


def _functions(path: Path) -> Iterator[ast.AsyncFunctionDef]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return  # for another Python
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef) and node.body[-1].lineno > node.lineno:
            yield node


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(one.lineno for one in decorators)])
