"""What the last result says of files that changed since in nothing that matters: new comments, bodies that do alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from loopline.check.alignment import Alignment, align
from loopline.check.cache import Kept, digest
from loopline.check.finding import Finding, Step
from loopline.check.project import ASYNC, File
from loopline.check.reading import UNREADABLE, parse, read_text
from loopline.check.texts import answers, answers_the_same, told_apart

__all__ = ["carried_over", "contents_of", "digests"]

ROUTE = re.compile(r"\b(?:add_\w*route|\w*Route)\(")  # makes a route of an endpoint that may be in another file


def contents_of(files: Iterable[str]) -> dict[str, bytes]:
    """Return the contents of files that can be read.

    Args:
        files: Their paths.
    """
    found = {}
    for path in files:
        with suppress(OSError), open(path, "rb") as stream:
            found[path] = stream.read()
    return found


def digests(contents: Mapping[str, bytes]) -> dict[str, str]:
    """Return what stands for each content.

    Args:
        contents: The contents by path.
    """
    return {path: digest(content) for path, content in contents.items()}


def carried_over(
    last: Kept, files: Mapping[str, File], contents: dict[str, bytes], text_of: Callable[[str], str | None]
) -> list[Finding] | None:
    """Return the findings that these files would give, taken from the last ones.

    Args:
        last: The last result.
        files: The files.
        contents: Their contents.
        text_of: Gives the text that a file had then.

    Returns:
        The findings; None if something changed that may matter.
    """
    now = digests(contents)
    if last.files.keys() != now.keys():
        return None
    moved: dict[str, _Moved] = {}
    for path in (path for path, known in last.files.items() if now[path] != known):
        if path not in last.parsed:
            if not _means_nothing(last, path, contents[path]):
                return None
            continue
        one = _moved(last, path, files, contents, text_of(path), alone=not moved)
        if one is None:
            return None
        moved[files[path].shown] = one
    try:
        return [_carried(finding, moved) for finding in last.findings] if moved else last.findings
    except LookupError:
        return None


def _means_nothing(last: Kept, path: str, content: bytes) -> bool:
    try:
        source = read_text(Path(path), content)
        if ASYNC.search(source) or answers(source, last.asked):
            return False
        parse(source)
    except UNREADABLE:
        return False
    return True


class _Moved:
    """A file in which the code only moved."""

    def __init__(self, alignment: Alignment, text: str) -> None:
        self._alignment = alignment
        self._lines = text.splitlines()

    def step(self, step: Step) -> Step:
        line = self._alignment.line(step.line)
        if line is None:
            raise LookupError
        text = self._lines[line - 1].strip() if 0 < line <= len(self._lines) else ""
        return Step(step.path, line, step.function, text)

    def place(self, line: int, column: int) -> tuple[int, int]:
        """Return where a line and column, counted from 1, are now; a column that is not known stays so."""
        if column <= 1 and line == 0:
            return line, column
        found = self._alignment.place(line, column - 1)
        if found is None:
            raise LookupError
        return found[0], found[1] + 1

    def line(self, line: int) -> int:
        found = self._alignment.line(line)
        if found is None:
            raise LookupError
        return found


def _moved(
    last: Kept, path: str, files: Mapping[str, File], contents: dict[str, bytes], before: str | None, *, alone: bool
) -> _Moved | None:
    try:
        text = read_text(Path(path), contents[path])
    except UNREADABLE:
        return None
    if before is None or bool(ASYNC.search(before)) != bool(ASYNC.search(text)) or told_apart(before, text, last.asked):
        return None
    shown, routes = files[path].shown, ROUTE.search(before)
    if any(one.code == "LL307" and (routes or one.path == shown) for one in last.findings):
        return None  # its message names a line
    alignment = align(before, text)
    if alignment is None:
        return None
    if alignment.changed and not (alone and _does_alike(last, path, files, contents, (before, text), alignment)):
        return None
    return _Moved(alignment, text)


def _does_alike(
    last: Kept,
    path: str,
    files: Mapping[str, File],
    contents: dict[str, bytes],
    texts: tuple[str, str],
    alignment: Alignment,
) -> bool:
    """Whether the functions that have another body do what they did, in a project of which nothing else changed."""
    others = sum(digest(content) != last.files[one] for one, content in contents.items())
    unread = any(one.code == "LL001" for one in last.findings)
    if others > 1 or unread or not answers_the_same(*texts, last.asked):
        return False
    from loopline.check.bodies import change_nothing

    apart = frozenset(last.told_apart.get(path, ()))
    return change_nothing(files, dict(contents), path, texts, alignment, last.asked, apart)


def _carried(finding: Finding, moved: Mapping[str, _Moved]) -> Finding:
    chain = tuple(moved[step.path].step(step) if step.path in moved else step for step in finding.chain)
    mends = tuple(
        (path, *moved[path].place(line, column)) if path in moved else (path, line, column)
        for path, line, column in finding.mends
    )
    cause_path, line, rest = _cause(finding.cause)
    cause = f"{cause_path}:{moved[cause_path].line(line)}:{rest}" if cause_path in moved else finding.cause
    finding = replace(finding, chain=chain, mends=mends, cause=cause)
    here = moved.get(finding.path)
    if here is None:
        return finding
    line, column = here.place(finding.line, finding.column)
    if finding.end_column:
        end_line, end_column = here.place(finding.end_line, finding.end_column)
    else:
        end_line, end_column = here.line(finding.end_line) if finding.end_line else 0, 0
    return replace(finding, line=line, column=column, end_line=end_line, end_column=end_column)


def _cause(cause: str) -> tuple[str, int, str]:
    found = re.match(r"(?s)(.*?\.py):(\d+):(.*)", cause)
    return (found[1], int(found[2]), found[3]) if found else ("", 0, "")
