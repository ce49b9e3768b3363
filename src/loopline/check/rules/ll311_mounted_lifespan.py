"""The lifespan of a mounted application never runs.

Only the outermost application gets the server's startup and shutdown. (`include_router` runs a router's.)

Bad:

    admin = FastAPI(lifespan=admin_lifespan)
    app.mount("/admin", admin)

Good: the outer application's lifespan enters the inner one.

    @asynccontextmanager
    async def lifespan(app):
        async with admin.router.lifespan_context(admin):
            yield
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.library_types import given
from loopline.check.rules.traps import finding

__all__ = ["CODE", "TITLE", "check"]

CODE = "LL311"
TITLE = "the lifespan of a mounted application never runs"


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such mount."""
    for node, scope in analysis.services.mounted:
        application = node.args[1]
        binding = analysis.services.binding(application, scope)
        made = application if isinstance(application, ast.Call) else binding.node if binding is not None else None
        if not isinstance(made, ast.Call) or _is_entered(scope.module.source):
            continue
        name = made.func.attr if isinstance(made.func, ast.Attribute) else getattr(made.func, "id", "")
        if name in ("FastAPI", "Starlette") and any(
            given(made, key) for key in ("lifespan", "on_startup", "on_shutdown")
        ):
            yield finding(
                analysis,
                CODE,
                node,
                scope,
                "the lifespan of this mounted application never runs",
                "Enter it in the outer one: `async with inner.router.lifespan_context(inner)`.",
            )


def _is_entered(source: str) -> bool:
    return "lifespan_context" in source
