"""An event loop is run where one runs already.

`asyncio.run` and `run_until_complete` raise `RuntimeError` on a running loop, and the coroutine that they were given
is never awaited.

Bad:

    async def report():
        return asyncio.run(load())

Good:

    async def report():
        return await load()

A library that only has such calls runs in a thread: `await asyncio.to_thread(library.call)`.
"""

from __future__ import annotations

from collections.abc import Iterable

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.rules.ll101_blocking_call import describe
from loopline.check.stops import Stop

__all__ = ["CODE", "TITLE", "check", "tell"]

CODE = "LL102"
TITLE = "an event loop is run on the event loop"


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each line on the loop that runs another loop."""
    return [one for stop in analysis.loop.stops if (one := tell(stop)) is not None]


def tell(stop: Stop) -> Finding | None:
    """Return the finding for a place on the loop, if it runs another."""
    effect = stop.block.effect
    if effect.blocks != "loop":
        return None
    message = f"`{effect.name}` raises RuntimeError here: an event loop is running already"
    return describe(CODE, stop, message, f"Instead: {effect.instead}.")
