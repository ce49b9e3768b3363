"""A coroutine is stored in a variable that is not awaited, or not on every way through the function.

Bad:

    async def report(full: bool):
        details = load_details()
        if full:
            return await details
        return None

Good:

    async def report(full: bool):
        return await load_details() if full else None
"""

from __future__ import annotations

from collections.abc import Iterable

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.rules.forgotten import findings

__all__ = ["CODE", "TITLE", "check"]

CODE = "LL204"
TITLE = "a coroutine is stored and never awaited"


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such coroutine."""
    return findings(CODE, analysis, "stored", "some path")
