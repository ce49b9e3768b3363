"""A route can never be reached: one before it takes its path.

Routes are tried in the order in which they are added: `/users/{user_id}` takes `/users/batch`, and answers 422 if the
id is a number.

Bad:

    @app.get("/users/{user_id}")
    async def user(user_id: int): ...

    @app.get("/users/batch")
    async def batch(): ...

Good: the fixed path first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.rules.traps import finding
from loopline.check.services import Route

__all__ = ["CODE", "TITLE", "check"]

CODE = "LL307"
TITLE = "a route can never be reached"


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such route."""
    before: dict[tuple[object, object], list[Route]] = {}
    for route in sorted(analysis.services.routes, key=lambda one: one.node.lineno):
        if route.methods == ("WEBSOCKET",) or not route.path:
            continue
        earlier = before.setdefault((route.router, route.scope), [])
        for other in earlier:
            if set(route.methods) <= set(other.methods) and route.path != other.path and _takes(other.path, route.path):
                message = f"{route.title} is never reached: `{other.path}` of line {other.node.lineno} takes its path"
                place, title = analysis.loop.place_of(route.endpoint)
                found = finding(
                    analysis,
                    CODE,
                    route.node,
                    route.scope,
                    message,
                    f"Move `{route.endpoint.name}` before `{other.endpoint.name}`.",
                )
                yield replace(found, place=place, route=title)
                break
        earlier.append(route)


def _takes(general: str, path: str) -> bool:
    pattern = "".join(
        _pattern(part) if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]*\})", general)
    )
    sample = re.sub(r"\{([^}:]*)(:[^}]*)?\}", "\x00", path)
    return re.fullmatch(pattern, sample) is not None


def _pattern(parameter: str) -> str:
    kind = parameter.strip("{}").partition(":")[2]
    return {"int": r"[0-9]+", "float": r"[0-9.]+", "uuid": r"[0-9a-f-]{36}", "path": ".*"}.get(kind, "[^/]+")
