"""A file that is to be mended: its bytes, its tree, and what is where."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from dataclasses import dataclass
from pathlib import Path

from loopline.check.finding import Finding
from loopline.check.model import extent, own_nodes

__all__ = ["FileSource", "parse", "read_source"]

Function = ast.FunctionDef | ast.AsyncFunctionDef
LINE_END = re.compile(rb"\r\n|\r|\n")  # what Python's own line numbers count


@dataclass(slots=True)
class FileSource:
    """A file's text in UTF-8, its encoding, and its tree with the parents of all nodes."""

    path: Path
    encoding: str
    content: bytes
    tree: ast.Module
    parents: dict[ast.AST, ast.AST]
    lines: list[int]

    def offset(self, line: int, column: int) -> int:
        """Return the place of a line and column, as trees count them, in the content."""
        return self.lines[line - 1] + column

    def start(self, node: ast.AST) -> int:
        """Return where a node begins."""
        return self.offset(*extent(node)[:2])

    def end(self, node: ast.AST) -> int:
        """Return where a node ends."""
        return self.offset(*extent(node)[2:])

    def text(self, node: ast.AST) -> bytes:
        """Return a node's text."""
        return self.content[self.start(node) : self.end(node)]

    def indent(self, node: ast.AST) -> bytes | None:
        """Return what stands before a statement on its line if that is only white space."""
        begin = self.lines[extent(node)[0] - 1]
        before = self.content[begin : self.start(node)]
        return before if not before.strip() else None

    @property
    def newline(self) -> bytes:
        """How its first line ends."""
        found = LINE_END.search(self.content)
        return found[0] if found else b"\n"

    def nodes(self, finding: Finding) -> list[ast.AST]:
        """Return the nodes that begin where a finding is, the outermost first."""
        column = finding.column - 1
        return [
            node
            for node in self.parents
            if getattr(node, "lineno", 0) == finding.line and getattr(node, "col_offset", -1) == column
        ]

    def call(self, finding: Finding) -> ast.Call | None:
        """Return the call that a finding means; the outermost that begins there if it does not say where it ends."""
        end = (finding.end_line, finding.end_column - 1)
        for node in self.nodes(finding):
            if isinstance(node, ast.Call) and (not finding.end_column or (node.end_lineno, node.end_col_offset) == end):
                return node if self.is_there(node) else None
        return None

    def is_there(self, node: ast.expr) -> bool:
        """Tell whether a node's place is right: before Python 3.12, places inside f-strings are not."""
        try:
            again = ast.parse(b"(" + self.text(node) + b"\n)", mode="eval").body
        except (SyntaxError, ValueError):
            return False
        return ast.dump(again) == ast.dump(node)

    def function(self, node: ast.AST) -> Function | None:
        """Return the function in whose body a node runs; None in a lambda, a generator expression, or a class."""
        below, current = node, self.parents.get(node)
        while current is not None:
            match current:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    return current if below in current.body else None
                case ast.Lambda() | ast.ClassDef() | ast.GeneratorExp():
                    return None
                case _:
                    below, current = current, self.parents.get(current)
        return None

    def yields(self, line: int) -> bool:
        """Tell whether the innermost function around a line is a generator."""
        around = [
            node
            for node in self.parents
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.lineno <= line <= (node.end_lineno or 0)
        ]
        return bool(around) and any(isinstance(one, ast.Yield | ast.YieldFrom) for one in own_nodes(around[-1]))

    def names(self) -> set[str]:
        """Return every name in the file."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            found.update(value for value in vars(node).values() if isinstance(value, str))
        return found


def read_source(path: Path) -> FileSource | None:
    """Read a file.

    Args:
        path: Where it is.

    Returns:
        The file; None if it can't be read or parsed.
    """
    try:
        raw = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        content = raw.decode(encoding).encode()
    except (OSError, SyntaxError, ValueError, LookupError):
        return None
    tree = parse(content)
    if tree is None:
        return None
    parents: dict[ast.AST, ast.AST] = {}
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            parents[child] = node
    lines = [0, *(found.end() for found in LINE_END.finditer(content))]
    return FileSource(path, encoding, content, tree, parents, lines)


def parse(content: bytes) -> ast.Module | None:
    """Return the tree of a content in UTF-8, None if it has none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(content.decode())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
