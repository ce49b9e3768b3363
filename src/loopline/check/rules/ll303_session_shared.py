"""One AsyncSession is used by calls that run at the same time.

A session is for one task. Gathered calls on it raise InvalidRequestError, or mix their statements silently when the
connection is there already.

Bad:

    await asyncio.gather(load_orders(session), load_bills(session))

Good:

    orders = await load_orders(session)
    bills = await load_bills(session)

Or a session for each: `async with maker() as session`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.model import FunctionInfo
from loopline.check.rules.traps import ASYNC_SESSION, finding, functions, is_instance, library_path, values_of

__all__ = ["CODE", "TITLE", "check"]

CODE = "LL303"
TITLE = "one session is used by calls that run at once"


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such call."""
    for function in functions(analysis, "gather"):
        for call in function.calls:
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name == "gather" and library_path(analysis, call.func, function) == "asyncio.gather":
                shared = _shared(analysis, call, function)
                if shared:
                    yield finding(
                        analysis,
                        CODE,
                        call,
                        function,
                        f"calls that run at once share the session `{shared}`: a session is for one task",
                        "Await them one after the other, or give each its own session.",
                    )


def _shared(analysis: Analysis, call: ast.Call, function: FunctionInfo) -> str:
    uses: dict[str, int] = {}
    for part in call.args:
        many = isinstance(part, ast.Starred)
        inner = part.value if isinstance(part, ast.Starred) else part
        if many and not isinstance(inner, ast.ListComp | ast.GeneratorExp):
            continue
        bound = {
            one.id
            for generator in getattr(inner, "generators", ())
            for one in ast.walk(generator.target)
            if isinstance(one, ast.Name)
        }
        for name in _sessions(analysis, inner, function) - bound:
            uses[name] = uses.get(name, 0) + (2 if many else 1)
    return next((name for name, count in uses.items() if count > 1), "")


def _sessions(analysis: Analysis, node: ast.expr, function: FunctionInfo) -> set[str]:
    return {
        one.id
        for one in ast.walk(node)
        if isinstance(one, ast.Name)
        and isinstance(one.ctx, ast.Load)
        and any(is_instance(analysis, value, ASYNC_SESSION) for value in values_of(analysis, one, function))
    }
