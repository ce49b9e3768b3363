"""Where the guilty lines are: ``# guilty: NAME …`` at the end of a line, so that editing moves them along."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["HERE", "Place", "guilty_places"]

HERE = Path(__file__).resolve().parent
_MARKER = re.compile(r"# guilty: ([a-z0-9 -]+)$")


@dataclass(frozen=True, slots=True)
class Place:
    """A line of source.

    Attributes:
        file: Its absolute path.
        line: From 1.
        function: The qualified name of the function that it is in, or ``<module>``.
    """

    file: str
    line: int
    function: str


@cache
def guilty_places() -> dict[str, frozenset[Place]]:
    """Return the marked lines by the name of the case."""
    found: defaultdict[str, set[Place]] = defaultdict(set)
    for path in sorted(HERE.rglob("*.py")):
        source = path.read_text()
        marked = [(at, match) for at, text in enumerate(source.splitlines(), 1) if (match := _MARKER.search(text))]
        functions = _functions(ast.parse(source)) if marked else []
        for line, match in marked:
            inside = [name for name, first, last in functions if first <= line <= last]
            for name in match[1].split():
                found[name].add(Place(str(path), line, inside[-1] if inside else "<module>"))
    return {name: frozenset(places) for name, places in found.items()}


def _functions(tree: ast.AST, prefix: str = "") -> list[tuple[str, int, int]]:
    """Return qualified names with their first and last lines, outer ones first."""
    found = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            found.append((prefix + node.name, node.lineno, node.end_lineno))
            found += _functions(node, f"{prefix}{node.name}.<locals>.")
        elif isinstance(node, ast.ClassDef):
            found += _functions(node, f"{prefix}{node.name}.")
        else:
            found += _functions(node, prefix)
    return found
