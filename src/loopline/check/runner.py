"""Check a project: read it, ask every rule, leave out what is silenced."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.project import load
from loopline.check.rules import all_rules
from loopline.check.settings import Settings
from loopline.check.suppression import Suppressions

__all__ = ["Report", "check"]

UNREADABLE = "LL001"
DEEPEST = 6000  # expressions nest, and answers need others
PLACES = ("request", "other", "startup", "command line", "tests")


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found, worst first, and how much it looked at."""

    findings: list[Finding]
    files: int
    silenced: int

    def without_possible(self) -> Report:
        """Return the report with certain findings only."""
        return replace(self, findings=[one for one in self.findings if one.certain])


def check(paths: Sequence[Path], settings: Settings | None = None) -> Report:
    """Check the Python files under paths.

    Args:
        paths: Files and directories. They are one project.
        settings: What to leave out.

    Returns:
        The findings: certain ones first, request paths before others.
    """
    settings = settings or Settings()
    collects, recursion = gc.isenabled(), sys.getrecursionlimit()
    gc.disable()  # trees are kept to the end: looking through them again and again frees nothing
    sys.setrecursionlimit(max(recursion, DEEPEST))
    try:
        analysis = Analysis(load(paths, settings.exclude))
        suppressions = Suppressions(analysis.project.modules)
        found = list(_unreadable(analysis))
        for rule in all_rules():
            if not settings.ignores(rule.CODE):
                found.extend(rule.check(analysis))
    finally:
        sys.setrecursionlimit(recursion)
        if collects:
            gc.enable()
    kept = [one for one in dict.fromkeys(found) if not suppressions.covers(one)]
    kept.sort(key=lambda one: (PLACES.index(one.place), not one.certain, one.path, one.line, one.column, one.code))
    return Report(kept, len(analysis.project.modules), len(dict.fromkeys(found)) - len(kept))


def _unreadable(analysis: Analysis) -> Iterable[Finding]:
    for path, line, reason in analysis.project.unreadable:
        yield Finding(
            UNREADABLE,
            path,
            line,
            1,
            f"the file can't be parsed ({reason}): it was skipped",
            "Run the check with the Python that the project runs on.",
        )
