"""An executor of the application is closed only by `atexit`, or never.

uvicorn sends itself SIGTERM again after a stop: `atexit` never runs then, and a busy process of a ProcessPoolExecutor
outlives the server.

Bad:

    pool = ProcessPoolExecutor()
    atexit.register(pool.shutdown)

Good:

    @asynccontextmanager
    async def lifespan(app):
        with ProcessPoolExecutor() as pool:
            yield {"pool": pool}

Or a ProcessLane, which the lifespan closes and whose workers end with their parent.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.model import FunctionInfo, Scope, own_nodes
from loopline.check.rules.traps import finding, library_path

__all__ = ["CODE", "TITLE", "check"]

CODE = "LL309"
TITLE = "an executor is closed only by atexit"


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such executor."""
    for module in analysis.project.texts.matching("PoolExecutor|atexit"):
        serves = any(route.scope.module is module for route in analysis.services.routes)
        scopes: list[Scope] = [module, *module.functions]
        for scope in scopes:
            for node in own_nodes(scope.node if isinstance(scope, FunctionInfo) else module.tree):
                match node:
                    case ast.Call(func=func, args=[ast.Attribute(attr="shutdown", value=pool), *_]):
                        if library_path(analysis, func, scope) == "atexit.register":
                            yield _finding(
                                analysis, node, scope, f"`{ast.unparse(pool)}` is closed by atexit only", certain=True
                            )
                    case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=func)) if (
                        scope is module and serves
                    ):
                        made = library_path(analysis, func, scope)
                        known = made == "concurrent.futures.Executor" and "Process" in ast.unparse(func)
                        if known and f"{name}.shutdown" not in module.source and f"with {name}" not in module.source:
                            yield _finding(analysis, node, scope, f"`{name}` is never closed", certain=False)
                    case _:
                        pass


def _finding(analysis: Analysis, node: ast.AST, scope: Scope, what: str, *, certain: bool) -> Finding:
    return finding(
        analysis,
        CODE,
        node,
        scope,
        f"{what}: a busy worker may outlive the server",
        "Close it in the lifespan: `with …: yield`.",
        certain=certain,
    )
