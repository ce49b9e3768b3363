"""What can be told of a request before anything of it is read."""

from __future__ import annotations

from inspect import isasyncgenfunction, iscoroutinefunction, unwrap
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

__all__ = ["can_be_cancelled", "has_no_body"]


def can_be_cancelled(endpoint: Any) -> bool:
    """Whether it is an ``async def``: itself, under its decorators, or as the ``__call__`` of an object.

    A ``def`` runs in a thread. That can't be stopped, and would go on without the session that it uses.
    """
    if not callable(endpoint):
        return False
    shapes = endpoint, unwrap(endpoint), endpoint.__call__
    return any(iscoroutinefunction(shape) or isasyncgenfunction(shape) for shape in shapes)


def has_no_body(scope: Scope) -> bool:
    """Whether the request's first message is sure to be its only one, and empty."""
    headers = Headers(scope=scope) if "headers" in scope else Headers()
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        return False
    # In HTTP/2 and 3 a body needs no header that announces it.
    return scope.get("http_version", "1.1").startswith("1") or scope["method"] in ("GET", "HEAD")
