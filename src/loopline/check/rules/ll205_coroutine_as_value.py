"""A coroutine is used as if it were its result: in a condition, a comparison, a loop, a `with`, an attribute, a text.

In a condition it is always true. `with` and `for` on what is asynchronous need `async with` and `async for`.

Bad:

    async def guard(user: User):
        if not is_allowed(user):
            raise HTTPException(403)

Good:

    async def guard(user: User):
        if not await is_allowed(user):
            raise HTTPException(403)
"""

from __future__ import annotations

from collections.abc import Iterable

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.rules.forgotten import findings

__all__ = ["CODE", "TITLE", "check"]

CODE = "LL205"
TITLE = "a coroutine is used as if it were its result"


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such coroutine."""
    return findings(CODE, analysis, "value", "with", "for", "async with", "async for")
