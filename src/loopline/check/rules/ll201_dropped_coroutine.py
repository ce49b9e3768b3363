"""A coroutine is made and thrown away: its function never runs.

Python says so only later, in a warning that names no request ("coroutine ... was never awaited").

Bad:

    async def save(session: AsyncSession):
        session.commit()

Good:

    async def save(session: AsyncSession):
        await session.commit()
"""

from __future__ import annotations

from collections.abc import Iterable

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.rules.forgotten import findings

__all__ = ["CODE", "TITLE", "check"]

CODE = "LL201"
TITLE = "a coroutine is made and dropped: it never runs"


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such coroutine."""
    return findings(CODE, analysis, "dropped")
