"""Calls of libraries that the catalog does not have: only where name and shape leave little doubt."""

from __future__ import annotations

import ast
import re
import sys

from loopline.check.libraries import Effect, Libraries
from loopline.check.model import FunctionInfo
from loopline.check.values import Library, LibraryInstance, Value

__all__ = ["looks_blocking"]

CLIENT = re.compile(r"(Client|Session|Api|API|SDK|Sdk|Gateway)$")  # a Connection is often a protocol without a socket
VERB = re.compile(
    r"^(get|post|put|patch|delete|head|request|fetch|send|query|execute|read|list|search|download|upload|publish|invoke"
    r"|create|update|insert|scan|find|describe|submit|login|ping)(_|$)"
)
ASYNC = re.compile(r"async|aio|trio|httpx2?\b|motor|asgi", re.IGNORECASE)
HTTP = {"get", "post", "put", "patch", "delete", "head", "request"}
TAKERS = {"gather", "create_task", "wait_for", "shield", "ensure_future", "wait", "start_soon", "append"}


def looks_blocking(libraries: Libraries, value: Value, node: ast.Call, info: FunctionInfo) -> Effect | None:
    """Return an effect if a call of an unknown library seems to wait for the network.

    Args:
        libraries: The catalog, which must not have the library.
        value: What is called.
        node: The call; the caller has made sure that it is not awaited there.
        info: The function in which it stands.
    """
    if not isinstance(value, Library | LibraryInstance) or ASYNC.search(value.path):
        return None
    parts = value.path.split(".")
    if libraries.is_known(value.path) or parts[0] in sys.stdlib_module_names or parts[0] == "builtins":
        return None
    verb = parts[-1]
    if isinstance(value, LibraryInstance):
        made = next((part for part in parts[1:-1] if part[:1].isupper()), "")
        if not CLIENT.search(made) or not VERB.match(verb):
            return None
        if verb in ("get", "update") and parts[-2] != made and not _path(node):
            return None  # `session.context.get("user")` is a dict's
    elif not (verb in HTTP and _url(node)):
        return None
    if _is_awaited_later(node, info):
        return None
    return Effect(
        value.path,
        "network",
        certain=False,
        cost="unknown",
        instead="the library's async client, or await asyncio.to_thread(…)",
    )


def _path(node: ast.Call) -> bool:
    first = node.args[0] if node.args else None
    if isinstance(first, ast.JoinedStr):
        return True
    return not isinstance(first, ast.Constant) or (isinstance(first.value, str) and "/" in first.value)


def _url(node: ast.Call) -> bool:
    first = node.args[0] if node.args else None
    if isinstance(first, ast.JoinedStr) and first.values:
        first = first.values[0]
    return isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value.startswith("http")


def _is_awaited_later(node: ast.Call, info: FunctionInfo) -> bool:
    """Whether the result goes where it may be awaited: a name that is awaited, another call, or out of a `def`."""
    name = ""
    for one in info.parts:
        match one:
            case ast.Return(value=value) if value is node and not info.is_async:
                return True
            case ast.Call(func=ast.Attribute(attr=taker) | ast.Name(id=taker), args=args) if taker in TAKERS:
                if any(arg is node for arg in args):
                    return True
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if value is node:
                name = target
            case ast.Await(value=ast.Name(id=awaited)) if awaited == name:
                return True
            case ast.AsyncFor(iter=iterated) if iterated is node:
                return True
            case ast.AsyncWith(items=items) if any(item.context_expr is node for item in items):
                return True
            case _:
                pass
    return False
