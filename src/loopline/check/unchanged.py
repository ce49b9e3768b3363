"""What the last result says of files that changed since in nothing that matters: new comments, bodies that do alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from loopline.check.additions import Additions, additions
from loopline.check.alignment import Alignment, align
from loopline.check.cache import Kept, digest
from loopline.check.entries import Entry
from loopline.check.finding import SKIPPED, Finding
from loopline.check.moving import Moved, carried, led_to, stepped
from loopline.check.project import ASYNC, File, sure_to_be_asked_for
from loopline.check.reading import UNREADABLE, parse, read_text
from loopline.check.texts import answers, answers_the_same, imports, imports_apart, told_apart

if TYPE_CHECKING:
    from loopline.check.bodies import Change

__all__ = ["carried_over", "contents_of", "digests"]

MOST = 4  # files in which more than places changed; with more, a whole check is as fast
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
    few = texts if len(texts) <= MOST else ()
    new = {path: one for path in few if (one := _additions(last, path, texts, contents)) is not None}
    if new:
        try:
            last = _with_additions(last, files, new)
        except LookupError:
            return None
        texts.update((path, one.text) for path, one in new.items())
        entries_of = _entries_with(entries_of, files, new)
    # One after the other: each in the project as it was, but for those before it.
    state = {**contents, **{path: (text or "").encode() for path, text in texts.items()}}
    moved: dict[str, Moved] = {}
    for path, text in texts.items():
        move = _moved(last, path, files, state, (text, contents[path]), entries_of) if text is not None else None
        if move is None or sum(bool(each.changes) for each in (*moved.values(), move)) > MOST:
            return None
        moved[files[path].shown] = move
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
        found = [carried(finding, moved) for finding in rest]
        found.extend(led_to(finding, moved) for finding in after if not ignores(finding.code))
    except LookupError:
        return None
    return found


def _additions(
    last: Kept, path: str, texts: Mapping[str, str | None], contents: Mapping[str, bytes]
) -> Additions | None:
    before = texts[path]
    try:
        text = read_text(Path(path), contents[path])
    except UNREADABLE:
        return None
    if before is None:
        return None
    others = [content for other, content in contents.items() if other != path]
    others += [(old or "").encode() for other, old in texts.items() if other != path]
    found = additions(path, before, text, others, contents)
    # That it has an `async def` now: what is asked is for the sake of that one.
    asked = {**last.asked, "mentioning": [one for one in last.asked["mentioning"] if one != "async"]}
    if found is None or told_apart(before, text) or not _asks_the_same(path, contents, (before, text), asked):
        return None
    return found


def _asks_the_same(
    path: str, contents: Mapping[str, bytes], texts: tuple[str, str], asked: Mapping[str, Sequence[str]]
) -> bool:
    """Whether what was asked of the texts of a project has the answers that it had."""
    if not answers_the_same(*texts, asked):
        return False
    others = [content for other, content in contents.items() if other != path]
    apart = [top for top in imports_apart(*texts) if not any(imports(top, one) for one in others)]
    if not apart:
        return True
    from loopline.check.hot_libraries import HotLibraries
    from loopline.check.libraries import Libraries

    libraries = HotLibraries(Libraries())
    return libraries.names(()) == libraries.names(apart)


def _with_additions(last: Kept, files: Mapping[str, File], new: Mapping[str, Additions]) -> Kept:
    """Return the result that the project would have had with functions that nobody calls, and that do nothing."""
    found, told_apart = last.findings, dict(last.told_apart)
    for path, one in new.items():
        for move in _moves(one):
            found = [carried(finding, {files[path].shown: move}) for finding in found]
        told_apart[path] = [one.number(number) for number in told_apart.get(path, ())]
    return replace(last, findings=found, told_apart=told_apart)


def _moves(new: Additions) -> list[Moved]:
    """Return where all else goes, from the last of what is new to the first."""
    return [Moved(Alignment(line, line + 1, count), new.text, []) for line, count in reversed(new.inserted)]


def _entries_with(
    entries_of: Callable[[str], Mapping[int, Entry]], files: Mapping[str, File], new: Mapping[str, Additions]
) -> Callable[[str], Mapping[int, Entry]]:
    """Return what gives the entries that functions would have had with what is new."""

    def entries(path: str) -> Mapping[int, Entry]:
        found = dict(entries_of(path))
        for other, one in new.items():
            for move in _moves(one):
                moved = {files[other].shown: move}
                found = {number: replace(entry, way=stepped(entry.way, moved)) for number, entry in found.items()}
        if path in new:
            found = {new[path].number(number): one for number, one in found.items()} | dict(new[path].functions)
        return found

    return entries


def _means_nothing(last: Kept, path: str, content: bytes) -> bool:
    try:
        source = read_text(Path(path), content)
        if ASYNC.search(source) or answers(source, last.asked):
            return False
        parse(source)
    except UNREADABLE:
        return False
    return True


def _moved(
    last: Kept,
    path: str,
    files: Mapping[str, File],
    contents: dict[str, bytes],
    texts: tuple[str, bytes],
    entries_of: Callable[[str], Mapping[int, Entry]],
) -> Moved | None:
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
    return None if changes is None else Moved(alignment, text, changes)


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
    if not _asks_the_same(path, contents, texts, last.asked):
        return None
    from loopline.check.bodies import changes

    apart = frozenset(last.told_apart.get(path, ()))
    unread = {one.path for one in last.findings if one.code == SKIPPED}
    wanted = sure_to_be_asked_for(len(files))
    refused = {other for other, one in files.items() if one.shown in unread and _is_refused(other, contents, wanted)}
    known = {other: one for other, one in files.items() if other not in refused}
    return changes(known, dict(contents), path, texts, alignment, last.asked, apart, entries)


def _is_refused(path: str, contents: Mapping[str, bytes], wanted: re.Pattern[str]) -> bool:
    """Whether a file that can't be parsed is no part of the project: another one, which nobody asked for, is empty."""
    try:
        return wanted.search(read_text(Path(path), contents[path])) is not None
    except (*UNREADABLE, KeyError):
        return True
