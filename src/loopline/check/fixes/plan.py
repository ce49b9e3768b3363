"""From findings to changed files: every fix that there is, in one new content for each file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loopline.check.finding import Finding
from loopline.check.fixes.awaiting import await_it
from loopline.check.fixes.edit import Edit, apply
from loopline.check.fixes.holding import hold
from loopline.check.fixes.loops import running_loop
from loopline.check.fixes.offloading import drop_async, offload
from loopline.check.fixes.scoping import scope_it
from loopline.check.fixes.source import FileSource, Function, parse, read_source

__all__ = ["Change", "plan"]

AWAITED = ("LL201", "LL202", "LL203", "LL204", "LL205", "LL207")
Place = tuple[int, int]
LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Change:
    """A file's new content, and the findings that it mends."""

    path: Path
    encoding: str
    before: bytes
    after: bytes
    mends: tuple[Finding, ...]

    def write(self) -> None:
        """Write the file, in its own encoding."""
        self.path.write_bytes(self.after.decode().encode(self.encoding))

    def diff(self) -> str:
        """Return the change as a unified diff, such as `git apply` takes."""
        before, after = (LINE.findall(content.decode()) for content in (self.before, self.after))
        name = self.path.as_posix()
        lines = difflib.unified_diff(before, after, f"a/{name}", f"b/{name}")
        return "".join(one if one.endswith("\n") else f"{one}\n\\ No newline at end of file\n" for one in lines)


def plan(findings: Sequence[Finding], codes: Sequence[str] = ("LL",)) -> list[Change]:
    """Return the changes that mend findings.

    Args:
        findings: What was found.
        codes: Beginnings of the codes to mend.

    Returns:
        A change for each file. Findings without a fix are in none.
    """
    files = _Files()
    wanted = [one for one in findings if one.code.startswith(tuple(codes))]
    asked: dict[Path, list[tuple[Finding, list[Edit]]]] = {}
    waiting: set[tuple[Path, Function]] = set()  # functions that await something once they are mended
    for one in wanted:
        for path, edits in _edits(files, one):
            asked.setdefault(path, []).append((one, edits))
            function = files.function(one)
            if function is not None and one.code in (*AWAITED, "LL206"):
                waiting.add((path, function))
    for path, one, edits in _blocking(files, [one for one in wanted if one.code == "LL101"], waiting):
        asked.setdefault(path, []).append((one, edits))
    changes = (_change(files.read(path), pairs) for path, pairs in asked.items())
    return [one for one in changes if one is not None]


class _Files:
    """Files, read once."""

    def __init__(self) -> None:
        self._read: dict[Path, FileSource | None] = {}

    def read(self, path: Path) -> FileSource | None:
        if path not in self._read:
            self._read[path] = read_source(path)
        return self._read[path]

    def function(self, finding: Finding) -> Function | None:
        source = self.read(Path(finding.path))
        call = source.call(finding) if source is not None else None
        return source.function(call) if source is not None and call is not None else None


def _edits(files: _Files, finding: Finding) -> Iterable[tuple[Path, list[Edit]]]:
    """Yield the edits of a finding by file. Those of calls that block are found for a whole function at once."""
    path = Path(finding.path)
    source = files.read(path)
    if source is None:
        return
    edits: list[Edit] = []
    if finding.code in AWAITED:
        edits = await_it(source, finding)
    elif finding.code == "LL206":
        edits = hold(source, finding)
    elif finding.code == "LL308":
        edits = running_loop(source, finding)
    if edits:
        yield path, edits
    for shown, line, column in finding.mends if finding.code == "LL301" else ():
        other = files.read(Path(shown))
        edits = scope_it(other, line, column) if other is not None else []
        if edits:
            yield Path(shown), edits


def _blocking(
    files: _Files, findings: Sequence[Finding], waiting: set[tuple[Path, Function]]
) -> Iterable[tuple[Path, Finding, list[Edit]]]:
    """Yield the edits for calls that block: for an endpoint that awaits nothing `def`, else call by call."""
    groups: dict[tuple[Path, Function | None], list[Finding]] = {}
    for one in findings:
        groups.setdefault((Path(one.path), files.function(one)), []).append(one)
    for (path, function), group in groups.items():
        source = files.read(path)
        if source is None or function is None:
            continue
        only_sleeps = all(one.message.startswith("`time.sleep` sleeps:") for one in group)
        dropped: list[list[Edit]] = []
        spares = any(one.others for one in group)  # then another place would be the first to wait
        if not only_sleeps and not spares and (path, function) not in waiting:
            dropped = [drop_async(source, one) for one in group]
        if dropped and all(dropped):
            yield from ((path, one, edits) for one, edits in zip(group, dropped, strict=True))
            continue
        whole: list[tuple[Place, Place, list[Edit]]] = []  # calls that go to a thread with all their parts
        for one in sorted(group, key=lambda one: (one.line, one.column, -one.end_line, -one.end_column)):
            begin, end = (one.line, one.column), (one.end_line, one.end_column)
            edits = next((edits for first, last, edits in whole if first <= begin and end <= last), [])
            if not edits and not one.others and not _iterates(files, one):
                edits = offload(source, one)
                if edits and one.more_inside:
                    whole.append((begin, end, edits))
            if edits:
                yield path, one, edits


def _iterates(files: _Files, finding: Finding) -> bool:
    """Whether what blocks is the body of a generator: a thread that makes the generator does not run it."""
    places = [(step.path, step.line) for step in finding.chain]
    here = (finding.path, finding.line)
    below = places[places.index(here) + 1 :] if here in places else []
    other = files.read(Path(below[0][0])) if below else None
    return other is not None and other.yields(below[0][1])


def _change(source: FileSource | None, pairs: Sequence[tuple[Finding, list[Edit]]]) -> Change | None:
    if source is None:
        return None
    content = _applied(source, [edit for _, edits in pairs for edit in edits])
    mended = [one for one, _ in pairs]
    if content is None:  # one of them can't be: each that can with those before it
        kept: list[Edit] = []
        mended = []
        for one, edits in pairs:
            tried = _applied(source, [*kept, *edits])
            if tried is not None:
                content, kept = tried, [*kept, *edits]
                mended.append(one)
    if content is None or content == source.content:
        return None
    return Change(source.path, source.encoding, source.content, content, tuple(mended))


def _applied(source: FileSource, edits: Sequence[Edit]) -> bytes | None:
    content = apply(source.content, edits)
    return content if content is not None and parse(content) is not None else None
