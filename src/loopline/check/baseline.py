"""A baseline: the findings that a project has already. They are not reported, wherever their lines move."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from loopline.check.finding import Finding

__all__ = ["BaselineError", "read_baseline", "unknown", "write_baseline"]

VERSION = 1
KEYS = ("code", "path", "function", "text", "cause")
Known = tuple[str, ...]


class BaselineError(ValueError):
    """Raised when a file is no baseline; the message says why."""


def write_baseline(file: Path, findings: Iterable[Finding]) -> int:
    """Write a baseline.

    Args:
        file: Where.
        findings: What is known from now on.

    Returns:
        How many findings it holds.
    """
    counted = Counter(_known(one) for one in findings)
    entries = [dict(zip(KEYS, known, strict=True)) | {"count": count} for known, count in sorted(counted.items())]
    data = {"version": VERSION, "findings": entries}
    file.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return sum(counted.values())


def read_baseline(file: Path) -> Counter[Known]:
    """Read a baseline.

    Args:
        file: Where it is.

    Returns:
        How often each known finding may be found.

    Raises:
        BaselineError: It can't be read, or is something else.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BaselineError(f"{file} can't be read: {error}") from error
    if not isinstance(data, dict) or data.get("version") != VERSION or not isinstance(data.get("findings"), list):
        raise BaselineError(f"{file} is no baseline of this version: write it again with --write-baseline")
    counted: Counter[Known] = Counter()
    for entry in data["findings"]:
        count = entry.get("count", 1) if isinstance(entry, dict) else None
        if not isinstance(count, int) or not all(isinstance(entry.get(key), str) for key in KEYS):
            raise BaselineError(f"{file} is no baseline of this version: write it again with --write-baseline")
        counted[tuple(entry[key] for key in KEYS)] += count
    return counted


def unknown(findings: Sequence[Finding], known: Counter[Known]) -> list[Finding]:
    """Return the findings that a baseline does not have.

    Args:
        findings: All of them.
        known: The baseline. What is found more often than it says is new, however alike.
    """
    left = Counter(known)
    new = []
    for one in findings:
        key = _known(one)
        if left[key] > 0:
            left[key] -= 1
        else:
            new.append(one)
    return new


def _known(finding: Finding) -> Known:
    """Say what a finding is without line numbers: its function, its line's text, and the text that causes it."""
    path = PurePath(finding.path).as_posix()
    here = next((step for step in finding.chain if (step.path, step.line) == (finding.path, finding.line)), None)
    last = finding.chain[-1] if finding.chain else None
    cause = f"{PurePath(last.path).as_posix()} {last.function}: {last.text}" if last is not None else ""
    return (finding.code, path, here.function if here else "", here.text if here else "", cause)
