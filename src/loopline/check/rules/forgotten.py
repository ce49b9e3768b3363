"""The words for forgotten awaits, which several rules share."""

from __future__ import annotations

from collections.abc import Iterator

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding, Step
from loopline.check.uses import Forgotten

__all__ = ["findings"]


def findings(code: str, analysis: Analysis, *fates: str) -> Iterator[Finding]:
    """Yield the findings of a rule on forgotten awaits.

    Args:
        code: The rule's code.
        analysis: The analysis that has them.
        fates: What became of the coroutine, for this rule.
    """
    for one in analysis.forgotten:
        if one.fate in fates:
            module = one.info.module
            line, column = getattr(one.node, "lineno", 1), getattr(one.node, "col_offset", 0) + 1
            message, advice = _words(one)
            place, route = analysis.loop.place_of(one.info)
            chain = (Step(module.shown, line, one.info.qualified, module.line(line)),)
            cause = f"{module.shown}:{line}:{code}"
            end = getattr(one.node, "end_lineno", line), getattr(one.node, "end_col_offset", 0) + 1
            yield Finding(
                code, module.shown, line, column, message, advice, one.certain, chain, cause, place, route, *end
            )


def _words(one: Forgotten) -> tuple[str, str]:
    name = f"`{one.name}`" if one.name else "a coroutine"
    call = f"`await {one.name}(…)`" if one.name and "<" not in one.name else "`await …`"
    match one.fate:
        case "dropped":
            return f"the coroutine of {name} is dropped: it never runs", f"Write {call}."
        case "returned":
            return f"the coroutine of {name} is returned, not its result", f"Write {call}."
        case "response":
            return f"the coroutine of {name} is put into the response, not its result", f"Write {call}."
        case "stored":
            return f"the coroutine of {name} is stored in `{one.detail}` and never awaited", f"Write {call}."
        case "some path":
            return (
                f"the coroutine of {name} in `{one.detail}` is not awaited on every way through the function",
                "Make it where it is awaited.",
            )
        case "value":
            return (
                f"the coroutine of {name} is used as if it were its result: a coroutine {one.detail}",
                f"Write {call}.",
            )
        case "with":
            return (
                f"{name} is an asynchronous context manager, or a coroutine: `with` fails on it",
                "Write `async with`.",
            )
        case "for":
            return f"{name} is iterated asynchronously: `for` fails on it", "Write `async for`."
        case "async with" | "async for":
            return (
                f"the coroutine of {name} must be awaited first: `{one.fate}` fails on it",
                f"Write `{one.fate} … (await …)`.",
            )
        case "task":
            if "gather" in one.name:
                return (
                    f"`{one.name}` is not awaited: nobody sees its results or its errors",
                    "Write `await asyncio.gather(…)`.",
                )
            return (
                f"nobody holds the task of `{one.name}`: it may be collected before its end, its error is never seen",
                "Keep it until it is done, or use a TaskGroup; for what must not be lost, a job.",
            )
        case "function":
            taker = f"`{one.detail}`" if one.detail else "it"
            return f"{name} is a coroutine function: {taker} calls it and nobody awaits the coroutine", f"Write {call}."
        case _:
            taker = f"`{one.detail}`" if one.detail else "a function"
            return f"the coroutine of {name} is passed to {taker}, which does not await it", f"Pass the result: {call}."
