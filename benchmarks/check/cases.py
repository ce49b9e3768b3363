"""Labelled cases: a file or package each, whose name begins with what is to be said of it.

``b_``: something blocks the event loop; ``g_``: nothing does; ``a_``: an await is forgotten; ``ag_``: none is.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePath

from benchmarks.check.tool import Kind, Report, Tool

__all__ = ["LABELS", "labelled", "score"]

LABELS: dict[str, tuple[Kind, bool]] = {
    "b": ("blocking", True),
    "g": ("blocking", False),
    "a": ("await", True),
    "ag": ("await", False),
}


def labelled(folder: Path) -> dict[str, str]:
    """Return the cases in a folder, each with its label.

    Raises:
        ValueError: If there is none.
    """
    found = {}
    for path in sorted(folder.iterdir()):
        label = path.name.partition("_")[0]
        if label in LABELS and (path.suffix == ".py" or path.is_dir()):
            found[path.name.removesuffix(".py")] = label
    if not found:
        raise ValueError(f"{folder} holds no case: none of its files' names begin with b_, g_, a_ or ag_")
    return found


def score(tool: Tool, cases: dict[str, str], reports: Iterable[Report]) -> dict[str, list[str]]:
    """Return for each label that is about what the tool looks for which of its cases were reported."""
    reported: set[tuple[str, Kind]] = set()
    for report in reports:
        for part in PurePath(report.path).parts:
            if (name := part.removesuffix(".py")) in cases:
                reported.add((name, report.kind))
    return {
        label: [name for name, its in cases.items() if its == label and (name, kind) in reported]
        for label, (kind, _) in LABELS.items()
        if kind in tool.kinds
    }
