"""What is new in a file and known to nobody: functions, and imports, whose names are nowhere else.

A project that has them with empty bodies is the one that was: its result is that of the project as it was, all of it
further down. What their bodies do is then a change like any other.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from loopline.check.alignment import Function
from loopline.check.entries import NEW, NOWHERE, Entry
from loopline.check.model import ModuleInfo, first_line
from loopline.check.reading import UNREADABLE, parse, parse_module
from loopline.check.texts import NAME

__all__ = ["Additions", "additions"]

MOST = 8  # statements that are new; with more, a whole check is as fast
WORKING = (ast.Call, ast.Lambda, ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom, ast.comprehension)
IN_PACKAGE = "__init__"
START = re.compile(r"^(?:async[ \t]+def|def|import|from)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Additions:
    """What is new in a file.

    Attributes:
        text: The file as it was, with what is new in it, all bodies of that left out.
        inserted: After which old lines how many are new, from the first to the last.
        functions: The number of each new function, and how it comes to the loop.
    """

    text: str
    inserted: tuple[tuple[int, int], ...]
    functions: Mapping[int, Entry]

    def number(self, old: int) -> int:
        """Return what an old function's number is now."""
        for new in sorted(self.functions):
            if new <= old:
                old += 1
        return old


def additions(path: str, old: str, new: str, others: Sequence[bytes], paths: Iterable[str]) -> Additions | None:
    """Return what is new in a file; None if nothing is, or if somebody may know of it.

    Args:
        path: The file.
        old: Its text as it was.
        new: Its text as it is.
        others: What all other files contain, as they were and as they are.
        paths: The files of the project.
    """
    if len(START.findall(new)) <= len(START.findall(old)):
        return None  # most edits: nothing has to be parsed
    try:
        before, after = parse(old).body, parse(new).body
        if not 0 < len(after) - len(before) <= MOST:
            return None
        words = set(NAME.findall(old))
        fresh = [one for one in after if _is_addition(one, words)]
        if len(after) - len(fresh) != len(before):
            return None
        tops = {top for one in fresh for top in _tops(one)}
        if tops and any(part.removesuffix(".py") in tops for one in paths for part in Path(one).parts):
            return None  # it may be a part of the project
        if not all(_is_unknown(one, path, others) for one in fresh):
            return None
        return _inserted(path, old.split("\n"), new.split("\n"), before, after, fresh)
    except UNREADABLE:
        return None


def _is_addition(node: ast.stmt, words: set[str]) -> bool:
    names = list(_names(node))
    return bool(names) and words.isdisjoint(names)


def _names(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement gives, if it does nothing else."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            head = [node.args, *([node.returns] if node.returns else []), *getattr(node, "type_params", [])]
            works = any(isinstance(one, WORKING) for part in head for one in ast.walk(part))
            if not node.decorator_list and not works and not node.name.startswith("__"):
                yield node.name
        case ast.Import(names=names):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in names)
        case ast.ImportFrom(module=str(module), names=names, level=0) if module != "__future__":
            if names[0].name != "*":
                yield from (alias.asname or alias.name for alias in names)
        case _:
            pass


def _tops(node: ast.stmt) -> list[str]:
    """Return the packages that a statement imports from."""
    match node:
        case ast.Import(names=names):
            return [alias.name.partition(".")[0] for alias in names]
        case ast.ImportFrom(module=str(module)):
            return [module.partition(".")[0]]
        case _:
            return []


def _is_unknown(node: ast.stmt, path: str, others: Sequence[bytes]) -> bool:
    """Whether no other file may ask a file for the names that one of its statements gives."""
    stem = Path(path).stem
    for name in _names(node):
        word = re.compile(rb"\b%s\b" % re.escape(name.encode()))
        asking = [one for one in others if name.encode() in one and word.search(one)]
        if not asking:
            continue
        if isinstance(node, Function) or stem == IN_PACKAGE:
            return False
        module = re.escape(stem.encode())
        if any(re.search(rb"\b%s\s+import\s*\*" % module, one) for one in others):
            return False
        asks = re.compile(
            rb"\b%(module)s\s*(?:\.\s*%(name)s\b|,\s*['\"]%(name)s\b|as\b|import\b\s*(?:[^(\n]*|\([^)]*)\b%(name)s\b)"
            % {b"module": module, b"name": re.escape(name.encode())}
        )
        if any(asks.search(one) for one in asking):
            return False
    return True


def _inserted(
    path: str, old: list[str], new: list[str], before: list[ast.stmt], after: list[ast.stmt], fresh: list[ast.stmt]
) -> Additions | None:
    known = {id(one) for one in fresh}
    lines, inserted, starts = list(old), [], []
    waiting = list(before)
    end = shift = 0  # the line on which the old code before ends, and how many are new so far
    for one, other in zip_longest(after, after[1:]):
        if other is not None and first_line(other) <= (one.end_lineno or 0) and known & {id(one), id(other)}:
            return None  # they share a line
        if id(one) not in known:
            end = waiting.pop(0).end_lineno or 0
            continue
        if waiting and first_line(waiting[0]) <= end:
            return None
        text = _without_body(one, new)
        starts.append(end + shift + 1)
        lines[end + shift : end + shift] = text
        inserted.append((end, len(text)))
        shift += len(text)
    # A function is found by its line: all before are parsed anew.
    module = ModuleInfo("", Path(path), path, "\n".join(lines), is_package=False)
    module.load = parse_module
    functions = {
        number: NEW if info.is_async else NOWHERE
        for number, info in enumerate(module.functions)
        if info.node.lineno in starts and info.parent is module
    }
    if len(functions) != sum(isinstance(one, Function) for one in fresh):
        return None
    return Additions(module.source, tuple(inserted), functions)


def _without_body(node: ast.stmt, lines: list[str]) -> list[str]:
    if not isinstance(node, Function):
        return lines[node.lineno - 1 : node.end_lineno]
    first = node.body[0]
    head = lines[node.lineno - 1 : first.lineno - 1]
    if head and head[-1].split("#")[0].rstrip().endswith(":"):
        return [*head, " " * first.col_offset + "pass"]
    return [lines[node.lineno - 1][: first.col_offset] + "pass"]
