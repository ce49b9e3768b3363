"""Comments that silence findings: ``# loopline: ignore[LL101]`` on any line of a finding's chain."""

from __future__ import annotations

import re
from collections.abc import Iterable

from loopline.check.finding import Finding

__all__ = ["MARK", "Suppressions"]

MARK = "loopline:"  # what each of them has
COMMENT = re.compile(r"#\s*loopline:\s*ignore(?:\[([A-Z0-9, ]*)\])?")


class Suppressions:
    """The comments of all files."""

    def __init__(self, texts: Iterable[tuple[str, str]]) -> None:
        """Look through the texts of files, each after its path as findings show it."""
        self._lines: dict[tuple[str, int], frozenset[str]] = {}
        for shown, text in texts:
            if MARK in text:
                for number, line in enumerate(text.splitlines(), 1):
                    found = COMMENT.search(line)
                    if found:
                        codes = frozenset(code.strip() for code in (found[1] or "").split(",") if code.strip())
                        self._lines[shown, number] = codes

    def covers(self, finding: Finding) -> bool:
        """Tell whether a comment silences a finding.

        Args:
            finding: The finding; all lines of its statement and of its chain count.
        """
        if not self._lines:
            return False
        end = max(finding.end_line, finding.line)
        places = {(finding.path, line) for line in range(finding.line, min(end, finding.line + 30) + 1)}
        places.update((step.path, step.line) for step in finding.chain)
        return any(
            place in self._lines and (not self._lines[place] or finding.code in self._lines[place]) for place in places
        )
