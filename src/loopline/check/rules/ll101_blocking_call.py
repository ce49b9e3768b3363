"""A call blocks the event loop.

While it waits, or computes, no other request of the process is answered. The call may be many functions below the
`async def`, in another module: the chain shows the way. Of several ways, it shows the one that is surest to be taken.

Bad:

    @app.get("/report")
    async def report():
        return requests.get(URL).json()

Good:

    @app.get("/report")
    async def report(http: HttpClient):
        return (await http.get(URL)).json()

Or write `def`: FastAPI runs the endpoint in a thread. Or hand the call over: `await asyncio.to_thread(...)`, `await
lane.run(...)`. A finding is *possible*, not certain, where the call often does not wait: an uncontended lock, a
cached function, a `stat`; and where what is called comes to it in some cases only: behind an `if`, an early `return`,
in an `except`. What is kept for all once somebody has waited for it is told of at one of the places that
may be the first.
"""

from __future__ import annotations

from collections.abc import Iterable

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.model import extent
from loopline.check.stops import Stop

__all__ = ["CODE", "TITLE", "check", "describe", "tell"]

CODE = "LL101"
TITLE = "a call blocks the event loop"

WHY = {
    "network": "waits for the network",
    "disk": "waits for the disk",
    "lock": "waits for another thread",
    "cpu": "computes for long",
    "sleep": "sleeps",
    "process": "waits for a process",
}


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each line on the loop that blocks it."""
    return [one for stop in analysis.loop.stops if (one := tell(stop)) is not None]


def tell(stop: Stop) -> Finding | None:
    """Return the finding for a place on the loop, if it blocks it."""
    return None if stop.block.effect.blocks == "loop" else describe(CODE, stop, _message(stop), _advice(stop))


def describe(code: str, stop: Stop, message: str, advice: str) -> Finding:
    """Return the finding for a place that blocks the loop.

    Args:
        code: The rule's code.
        stop: The place.
        message: What is wrong.
        advice: What to write instead.
    """
    last = stop.chain[-1]
    line, column, end_line, end_column = extent(stop.node)
    return Finding(
        code,
        stop.entry.info.module.shown,
        line,
        column + 1,
        message,
        advice,
        stop.certain,
        stop.chain,
        f"{last.path}:{last.line}:{stop.block.effect.name}",
        stop.place,
        stop.route,
        end_line,
        end_column + 1,
        more_inside=stop.more_inside,
        others=stop.others,
        sometimes=stop.sometimes,
    )


def _message(stop: Stop) -> str:
    effect = stop.block.effect
    why = WHY.get(effect.blocks, effect.blocks)
    name = effect.name.removeprefix("builtins.")
    sometimes = "in some cases " if stop.sometimes else ""
    others = ", or by what takes its place" if stop.replaceable else ""
    through = f" ({sometimes}called by `{stop.holder.qualified}`{others})" if stop.holder is not stop.entry.info else ""
    rest = "every other request" if stop.place == "request" else "all else on it"
    return f"`{name}` {why}{through}: on the event loop, {rest} waits, too"


def _advice(stop: Stop) -> str:
    effect = stop.block.effect
    below = stop.holder is not stop.entry.info
    advice = f"Instead: {effect.instead}." if effect.instead else ""
    if below:
        advice = f"{advice} Or hand the call over: `await asyncio.to_thread(…)`.".strip()
    if stop.others:
        more = "Another place comes" if stop.others == 1 else f"{stop.others} other places come"
        advice = f"{more} here, too, and whoever finds nothing there yet waits: fill it at startup. {advice}"
    info = stop.entry.info
    if stop.served and info.is_async and not info.is_generator and not info.awaits:
        advice += f" `{info.name}` awaits nothing: with `def` instead of `async def`, FastAPI runs it in a thread."
    return advice.strip()
