"""A task is started and nobody holds it, or `gather` is called without `await`.

The event loop holds only a weak reference to a task: it may be collected before it ends. Its exception is never seen.

Bad:

    async def order():
        asyncio.create_task(send_receipt())

Good:

    async def order():
        task = asyncio.create_task(send_receipt())
        running.add(task)
        task.add_done_callback(running.discard)

Or use a TaskGroup, and for what must not be lost a job: `await write_receipt.enqueue(...)`.
"""

from __future__ import annotations

from collections.abc import Iterable

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.rules.forgotten import findings

__all__ = ["CODE", "TITLE", "check"]

CODE = "LL206"
TITLE = "a task is started that nobody holds"


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such coroutine."""
    return findings(CODE, analysis, "task")
