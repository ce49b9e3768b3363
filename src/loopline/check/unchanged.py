"""What the last result says of files that changed since in nothing that matters: new comments, bodies that do alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from loopline.check.alignment import Alignment, align
from loopline.check.cache import Kept, digest
from loopline.check.entries import Entry
from loopline.check.finding import Finding, Step
from loopline.check.project import ASYNC, File
from loopline.check.reading import UNREADABLE, parse, read_text
from loopline.check.texts import answers, answers_the_same, told_apart

if TYPE_CHECKING:
    from loopline.check.bodies import Change

__all__ = ["carried_over", "contents_of", "digests"]

MOST = 4  # files with functions that have another body; with more, a whole check is as fast
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
    last: Kept,
    files: Mapping[str, File],
    contents: dict[str, bytes],
    text_of: Callable[[str], str | None],
    entries_of: Callable[[str], Mapping[int, Entry]],
    ignores: Callable[[str], bool],
) -> list[Finding] | None:
    """Return the findings that these files would give, taken from the last ones.

    Args:
        last: The last result.
        files: The files.
        contents: Their contents.
        text_of: Gives the text that a file had then.
        entries_of: Gives how the functions of a file came to the loop then.
        ignores: Tells whether a code is left out.

    Returns:
        The findings; None if something changed that may matter.
    """
    now = digests(contents)
    if last.files.keys() != now.keys():
        return None
    other = [path for path, known in last.files.items() if now[path] != known]
    if not all(path in last.parsed or _means_nothing(last, path, contents[path]) for path in other):
        return None
    texts = {path: text_of(path) for path in other if path in last.parsed}
    if not texts:
        return last.findings
    # One after the other: each in the project as it was, but for those before it.
    state = {**contents, **{path: (text or "").encode() for path, text in texts.items()}}
    moved: dict[str, _Moved] = {}
    for path, text in texts.items():
        one = _moved(last, path, files, state, (text, contents[path]), entries_of) if text is not None else None
        if one is None or sum(bool(each.changes) for each in (*moved.values(), one)) > MOST:
            return None
        moved[files[path].shown] = one
        state[path] = contents[path]
    before = [finding for one in moved.values() for change in one.changes for finding in change.before]
    after = [finding for one in moved.values() for change in one.changes for finding in change.after]
    gone = {one for one in before if not ignores(one.code)}
    if not gone <= set(last.findings):
        return None  # more is told of them than by themselves
    rest = [one for one in last.findings if one not in gone]
    if any(change.bears_on(one) for one in rest if one.path in moved for change in moved[one.path].changes):
        return None
    try:
        found = [_carried(finding, moved) for finding in rest]
        found.extend(_led_to(finding, moved) for finding in after if not ignores(finding.code))
    except LookupError:
        return None
    return found


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

    def __init__(self, alignment: Alignment, text: str, changes: list[Change]) -> None:
        self.changes = changes
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
    last: Kept,
    path: str,
    files: Mapping[str, File],
    contents: dict[str, bytes],
    texts: tuple[str, bytes],
    entries_of: Callable[[str], Mapping[int, Entry]],
) -> _Moved | None:
    before, content = texts
    try:
        text = read_text(Path(path), content)
    except UNREADABLE:
        return None
    if bool(ASYNC.search(before)) != bool(ASYNC.search(text)) or told_apart(before, text):
        return None
    shown, routes = files[path].shown, ROUTE.search(before)
    if any(one.code == "LL307" and (routes or one.path == shown) for one in last.findings):
        return None  # its message names a line
    alignment = align(before, text)
    if alignment is None:
        return None
    changes: list[Change] | None = []
    if alignment.changed:
        changes = _changes(last, path, files, contents, (before, text), alignment, entries_of(path))
    return None if changes is None else _Moved(alignment, text, changes)


def _changes(
    last: Kept,
    path: str,
    files: Mapping[str, File],
    contents: dict[str, bytes],
    texts: tuple[str, str],
    alignment: Alignment,
    entries: Mapping[int, Entry],
) -> list[Change] | None:
    """What the functions that have another body do otherwise."""
    unread = any(one.code == "LL001" for one in last.findings)
    if unread or not answers_the_same(*texts, last.asked):
        return None
    from loopline.check.bodies import changes

    apart = frozenset(last.told_apart.get(path, ()))
    return changes(files, dict(contents), path, texts, alignment, last.asked, apart, entries)


def _led_to(finding: Finding, moved: Mapping[str, _Moved]) -> Finding:
    """A finding of code as it is, but for the way that leads to it."""
    *way, last = finding.chain
    return replace(finding, chain=(*(moved[one.path].step(one) if one.path in moved else one for one in way), last))


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
