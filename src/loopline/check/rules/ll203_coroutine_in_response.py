"""A coroutine is put into a response: a value of a dict or list that an endpoint returns.

Bad:

    @app.get("/count")
    async def count():
        return {"count": count_orders()}

Good:

    @app.get("/count")
    async def count():
        return {"count": await count_orders()}
"""

from __future__ import annotations

from collections.abc import Iterable

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.rules.forgotten import findings

__all__ = ["CODE", "TITLE", "check"]

CODE = "LL203"
TITLE = "a coroutine is put into a response"


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such coroutine."""
    return findings(CODE, analysis, "response")
