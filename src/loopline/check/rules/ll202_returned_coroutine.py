"""An endpoint, a dependency, or an async function that promises a value returns a coroutine.

FastAPI can't make a response of a coroutine (500), and injects the coroutine itself where a dependency returns one.

Bad:

    @app.get("/orders")
    async def orders():
        return load_orders()

Good:

    @app.get("/orders")
    async def orders():
        return await load_orders()
"""

from __future__ import annotations

from collections.abc import Iterable

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.rules.forgotten import findings

__all__ = ["CODE", "TITLE", "check"]

CODE = "LL202"
TITLE = "a coroutine is returned instead of its result"


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such coroutine."""
    return findings(CODE, analysis, "returned")
