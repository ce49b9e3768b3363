"""The file that ``loopline run --report`` appends to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from benchmarks.watch.finding import Finding

__all__ = ["read_report"]


def read_report(lines: Iterable[str]) -> list[Finding]:
    """Read it. Only the place that is blamed counts, not the chain of calls to it."""
    findings = []
    for line in lines:
        said = json.loads(line)
        place = said.get("file")
        findings.append(
            Finding(
                kind=said["kind"],
                seconds=said.get("seconds"),
                spots=[(place, said.get("line") or 0, said.get("function") or "")] if place else [],
                route=said.get("route"),
                function=said.get("function"),
                text=line.strip(),
                at=datetime.fromisoformat(said["at"]).timestamp(),
            )
        )
    return findings
