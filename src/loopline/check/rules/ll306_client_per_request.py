"""A client, an engine or a pool is made for every request.

Each has connections of its own: every request pays for a new connection (and TLS handshake), and none are reused. An
executor starts its threads or processes anew. One for the whole application belongs in its lifespan.

Bad:

    @app.get("/weather")
    async def weather():
        async with httpx.AsyncClient() as client:
            return (await client.get(URL)).json()

Good:

    app = FastAPI(lifespan=lifespan(http_client=HttpClient(timeout=5)))

    @app.get("/weather")
    async def weather(request: Request):
        return (await request.state.http_client.get(URL)).json()
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.model import FunctionInfo
from loopline.check.once import ANYTHING, remembered_calls
from loopline.check.rules.traps import finding, library_path

__all__ = ["CLIENTS", "CODE", "TITLE", "check", "is_made_once"]

CODE = "LL306"
TITLE = "a client or pool is made for every request"

CLIENTS = {
    "httpx.AsyncClient",
    "httpx.Client",
    "httpx2.AsyncClient",
    "httpx2.Client",
    "aiohttp.ClientSession",
    "requests.Session",
    "sqlalchemy.create_engine",
    "sqlalchemy.ext.asyncio.create_async_engine",
    "redis.Redis",
    "redis.from_url",
    "redis.asyncio.Redis",
    "redis.asyncio.from_url",
    "pymongo.MongoClient",
    "pymongo.AsyncMongoClient",
    "asyncpg.create_pool",
    "concurrent.futures.ProcessPoolExecutor",
    "concurrent.futures.Executor",
    "loopline.HttpClient",
    "loopline.Lane",
}
EXECUTORS = {"ProcessPoolExecutor", "Executor", "Lane"}  # what they keep are no connections


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such client."""
    parts = {part.function for part in analysis.services.parts if part.kind in ("route", "dependency")}
    for function in sorted(parts, key=lambda one: (one.module.shown, getattr(one.node, "lineno", 0))):
        cached = any("cache" in ast.unparse(one) for one in getattr(function.node, "decorator_list", ()))
        for call in () if cached else function.calls:
            path = library_path(analysis, call.func, function)
            if path in CLIENTS and not is_made_once(call, function):
                name = path.rpartition(".")[2]
                kept = "threads or processes" if name in EXECUTORS else "connections"
                yield finding(
                    analysis,
                    CODE,
                    call,
                    function,
                    f"`{name}` is made for every request: its {kept} are never used again",
                    "Make one in the lifespan and share it.",
                )


def is_made_once(call: ast.Call, function: FunctionInfo) -> bool:
    """Tell whether the process keeps a client, or what was asked with it, so that most requests make none.

    Args:
        call: What makes the client.
        function: Where.
    """
    kept = remembered_calls(function).get(id(call))
    return kept is not None and kept.by != ANYTHING and not kept.in_object and not kept.in_context
