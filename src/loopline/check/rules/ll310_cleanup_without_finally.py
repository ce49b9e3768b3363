"""Clean-up after a `yield` without `finally` is skipped when something fails.

In a dependency an error of the endpoint is raised at the `yield`; in a lifespan, the cancellation of the server. What
follows runs only if there was none.

Bad:

    async def connection():
        connection = await connect()
        yield connection
        await connection.close()

Good:

    async def connection():
        connection = await connect()
        try:
            yield connection
        finally:
            await connection.close()

Or `async with`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.rules.traps import finding

__all__ = ["CODE", "TITLE", "check"]

CODE = "LL310"
TITLE = "clean-up is skipped when something fails"

CLEANUP = {
    "close",
    "aclose",
    "dispose",
    "shutdown",
    "cancel",
    "stop",
    "disconnect",
    "release",
    "terminate",
    "unlink",
    "quit",
}


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such clean-up."""
    kinds = {"dependency", "lifespan"}
    done = set()
    for part in analysis.services.parts:
        function = part.function
        if part.kind not in kinds or function in done or isinstance(function.node, ast.Lambda):
            continue
        done.add(function)
        cleanup = _after_yield(function.node.body)
        if cleanup is not None:
            yield finding(
                analysis,
                CODE,
                cleanup,
                function,
                f"the clean-up of `{function.name}` is skipped when something fails at its `yield`",
                "Write `try: yield … finally:`, or `async with`.",
            )


def _after_yield(block: list[ast.stmt]) -> ast.stmt | None:
    """Return the first clean-up that simply follows a yield in its block."""
    for index, statement in enumerate(block):
        match statement:
            case ast.Expr(value=ast.Yield()) | ast.Assign(value=ast.Yield()):
                return next((one for one in block[index + 1 :] if _cleans(one)), None)
            case ast.With(body=body) | ast.AsyncWith(body=body) | ast.If(body=body):
                found = _after_yield(body)
                if found is not None:
                    return found
            case _:
                pass
    return None


def _cleans(statement: ast.stmt) -> bool:
    return any(
        isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in CLEANUP
        for one in ast.walk(statement)
    )
