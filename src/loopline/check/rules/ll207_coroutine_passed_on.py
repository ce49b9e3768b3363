"""A coroutine, or a coroutine function, is passed to something that does not await it.

`asyncio.to_thread(f)` with an `async def f` gives back a coroutine that nobody awaits;
`BackgroundTasks.add_task(f())` fails when it calls the coroutine; `print(f())` prints it.

Bad:

    async def page(tasks: BackgroundTasks):
        tasks.add_task(send_mail())

Good:

    async def page(tasks: BackgroundTasks):
        tasks.add_task(send_mail)
"""

from __future__ import annotations

from collections.abc import Iterable

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.rules.forgotten import findings

__all__ = ["CODE", "TITLE", "check"]

CODE = "LL207"
TITLE = "a coroutine is passed to what does not await it"


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such coroutine."""
    return findings(CODE, analysis, "passed", "function")
