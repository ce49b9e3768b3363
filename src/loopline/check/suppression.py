"""Comments that silence findings: ``# loopline: ignore[LL101]`` on any line of a finding's chain."""

from __future__ import annotations

import re
from collections.abc import Sequence

from loopline.check.finding import Finding
from loopline.check.model import ModuleInfo

__all__ = ["Suppressions"]

COMMENT = re.compile(r"#\s*loopline:\s*ignore(?:\[([A-Z0-9, ]*)\])?")


class Suppressions:
    """The comments of all modules."""

    def __init__(self, modules: Sequence[ModuleInfo]) -> None:
        self._lines: dict[tuple[str, int], frozenset[str]] = {}
        for module in modules:
            if "loopline:" in module.source:
                for number, line in enumerate(module.lines, 1):
                    found = COMMENT.search(line)
                    if found:
                        codes = frozenset(code.strip() for code in (found[1] or "").split(",") if code.strip())
                        self._lines[module.shown, number] = codes

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
