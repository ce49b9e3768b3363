"""Findings of files in which the code only moved: each says where it is now."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from loopline.check.alignment import Alignment
from loopline.check.finding import Finding, Step

if TYPE_CHECKING:
    from loopline.check.bodies import Change

__all__ = ["Moved", "carried", "led_to", "stepped"]


class Moved:
    """A file in which the code only moved.

    Args:
        alignment: Where it moved.
        text: The file as it is now.
        changes: What else its functions do.
    """

    def __init__(self, alignment: Alignment, text: str, changes: Sequence[Change]) -> None:
        self.changes = changes
        self._alignment = alignment
        self._lines = text.splitlines()

    def step(self, step: Step) -> Step:
        """Return a step in the file as it is now.

        Raises:
            LookupError: If its line is not known.
        """
        line = self._alignment.line(step.line)
        if line is None:
            raise LookupError
        text = self._lines[line - 1].strip() if 0 < line <= len(self._lines) else ""
        return Step(step.path, line, step.function, text)

    def place(self, line: int, column: int) -> tuple[int, int]:
        """Return where a line and column, counted from 1, are now; a column that is not known stays so.

        Raises:
            LookupError: If that is not known.
        """
        if column <= 1 and line == 0:
            return line, column
        found = self._alignment.place(line, column - 1)
        if found is None:
            raise LookupError
        return found[0], found[1] + 1

    def line(self, line: int) -> int:
        """Return where a line is now.

        Raises:
            LookupError: If that is not known.
        """
        found = self._alignment.line(line)
        if found is None:
            raise LookupError
        return found


def stepped(way: Sequence[Step], moved: Mapping[str, Moved]) -> tuple[Step, ...]:
    """Return steps as they are now.

    Args:
        way: The steps.
        moved: The files that moved, as they are shown.

    Raises:
        LookupError: If a line is not known.
    """
    return tuple(moved[one.path].step(one) if one.path in moved else one for one in way)


def led_to(finding: Finding, moved: Mapping[str, Moved]) -> Finding:
    """Return a finding of code as it is, but for the way that leads to it.

    Args:
        finding: The finding.
        moved: The files that moved, as they are shown.

    Raises:
        LookupError: If a line is not known.
    """
    *way, last = finding.chain
    return replace(finding, chain=(*stepped(way, moved), last))


def carried(finding: Finding, moved: Mapping[str, Moved]) -> Finding:
    """Return a finding as it is now.

    Args:
        finding: The finding.
        moved: The files that moved, as they are shown.

    Raises:
        LookupError: If a line is not known.
    """
    chain = stepped(finding.chain, moved)
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
