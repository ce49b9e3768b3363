"""A list parameter of a GET (HEAD, DELETE) is silently a body.

`ids: list[int]` without `Query()` is read from the body, so `?ids=1&ids=2` is answered with 422.

Bad:

    @app.get("/users")
    async def users(ids: list[int]): ...

Good:

    @app.get("/users")
    async def users(ids: Annotated[list[int], Query()]): ...
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from loopline.check import hints
from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.model import FunctionInfo
from loopline.check.rules.traps import finding
from loopline.check.values import Sequence, Tuple

__all__ = ["CODE", "TITLE", "check"]

CODE = "LL302"
TITLE = "a list parameter of a GET is silently a body"

BODILESS = {"GET", "HEAD", "DELETE"}


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such parameter."""
    for route in analysis.services.routes:
        if not BODILESS.issuperset(route.methods):
            continue
        function = route.endpoint
        for arg in function.parameters:
            if f"{{{arg.arg}" in route.path or not _is_list(analysis, arg, function):
                continue
            yield finding(
                analysis,
                CODE,
                arg,
                function,
                f"`{arg.arg}` of {route.title} is read from the body: `?{arg.arg}=…` is answered with 422",
                f"Write `{arg.arg}: Annotated[{ast.unparse(arg.annotation) if arg.annotation else 'list'}, Query()]`.",
            )


def _is_list(analysis: Analysis, arg: ast.arg, function: FunctionInfo) -> bool:
    if arg.annotation is None or isinstance(function.defaults.get(arg.arg), ast.Call):
        return False
    if hints.metadata(analysis.inference, arg.annotation, function):
        return False
    typed = hints.resolve(analysis.inference, arg.annotation, function, None)
    return any(isinstance(one, Sequence | Tuple) for one in typed)
