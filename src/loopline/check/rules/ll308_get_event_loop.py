"""`asyncio.get_event_loop()` in a coroutine.

It does more than it says: outside a running loop it may make one, or raise, by version and policy. In a coroutine a
loop is always running: say so.

Bad:

    async def work():
        loop = asyncio.get_event_loop()

Good:

    async def work():
        loop = asyncio.get_running_loop()
"""

from __future__ import annotations

from collections.abc import Iterable

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.rules.traps import finding, functions, library_path

__all__ = ["CODE", "TITLE", "check"]

CODE = "LL308"
TITLE = "get_event_loop in a coroutine"


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such call."""
    for function in functions(analysis, "get_event_loop"):
        if not function.is_async:
            continue
        for call in function.calls:
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            if name == "get_event_loop" and library_path(analysis, call.func, function) == "asyncio.get_event_loop":
                yield finding(
                    analysis,
                    CODE,
                    call,
                    function,
                    "`get_event_loop` in a coroutine: a loop is running",
                    "Write `asyncio.get_running_loop()`.",
                )
