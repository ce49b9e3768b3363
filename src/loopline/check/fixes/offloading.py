"""Calls that block the loop: `asyncio.sleep`, `def` instead of `async def`, or `asyncio.to_thread`."""

from __future__ import annotations

import ast
import re

from loopline.check.finding import Finding
from loopline.check.fixes.awaiting import around
from loopline.check.fixes.edit import Edit
from loopline.check.fixes.imports import import_asyncio
from loopline.check.fixes.source import FileSource
from loopline.check.model import awaits, own_nodes

__all__ = ["drop_async", "offload"]

OF_THE_LOOP = {"create_task", "ensure_future", "get_running_loop", "get_event_loop", "start_soon", "TaskGroup"}
BOUND_TO_ITS_THREAD = re.compile(r"^`(builtins\.)?(open|with |for … in )")


def drop_async(source: FileSource, finding: Finding) -> list[Edit]:
    """Return the edits that make an endpoint which awaits nothing a `def`, for FastAPI to run it in a thread.

    Args:
        source: The file.
        finding: An LL101 on a line of the endpoint.

    Returns:
        Nothing if it awaits something, needs the loop, is no endpoint, or is named elsewhere in its file.
    """
    call = source.call(finding)
    function = source.function(call) if call is not None else None
    if not isinstance(function, ast.AsyncFunctionDef) or "FastAPI runs it in a thread" not in finding.advice:
        return []
    named = any(
        (isinstance(one, ast.Name) and one.id == function.name)
        or (isinstance(one, ast.Attribute) and one.attr == function.name)
        for one in source.parents
    )
    if named or awaits(function) or _needs_the_loop(function):
        return []
    start = source.start(function)
    found = re.compile(rb"async\s+").match(source.content, start)
    return [Edit(start, found.end(), b"")] if found else []


def _needs_the_loop(function: ast.AsyncFunctionDef) -> bool:
    """Whether a function does what only the loop's own thread may: start tasks, schedule calls."""
    return any(isinstance(one, ast.Attribute | ast.Name) and _name(one) in OF_THE_LOOP for one in own_nodes(function))


def _name(node: ast.Attribute | ast.Name) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id


def offload(source: FileSource, finding: Finding) -> list[Edit]:
    """Return the edits that sleep on the loop instead, or make a call in a thread.

    Args:
        source: The file.
        finding: An LL101 on a line of an async function.
    """
    call = source.call(finding)
    if call is None or not isinstance(source.function(call), ast.AsyncFunctionDef):
        return []
    needed = import_asyncio(source)
    if needed is None:
        return []
    if finding.message.startswith("`time.sleep` sleeps:"):
        start, end = source.start(call.func), source.end(call.func)
        put = around(source, call, b"await ", b"")
        return [*needed, *put, Edit(start, end, b"asyncio.sleep")]
    if BOUND_TO_ITS_THREAD.match(finding.message) or _is_held_open(source, call):
        return []
    put = _whole_in_thread(source, call) if finding.more_inside else _in_thread(source, call)
    return [*needed, *put] if put else []


def _is_held_open(source: FileSource, call: ast.Call) -> bool:
    """Whether the result goes on to work: what is entered, or iterated, would block again."""
    match source.parents.get(call):
        case ast.withitem():
            return True
        case ast.For(iter=iterated) | ast.comprehension(iter=iterated):
            return iterated is call
        case _:
            return False


def _whole_in_thread(source: FileSource, call: ast.Call) -> list[Edit]:
    """The call with all its parts, which block by themselves: `self.session` before `.commit`, an argument."""
    if any(_stays_outside(node) for node in ast.walk(call)):
        return []
    return around(source, call, b"await asyncio.to_thread(lambda: ", b")")


def _stays_outside(node: ast.AST) -> bool:
    """Whether something means another thing in a lambda, or can't be there."""
    match node:
        case ast.Await() | ast.Yield() | ast.YieldFrom() | ast.NamedExpr() | ast.Name(id="super"):
            return True
        case ast.comprehension(is_async=is_async):
            return bool(is_async)
        case _:
            return False


def _in_thread(source: FileSource, call: ast.Call) -> list[Edit]:
    after = source.end(call.func)
    bracket = re.compile(rb"\s*\(").match(source.content, after)
    if bracket is None:
        return []
    separator = b""
    if call.args or call.keywords:
        separator = b"," if source.content[bracket.end() : bracket.end() + 1].isspace() else b", "
    put = around(source, call, b"await asyncio.to_thread(", b"")
    return [*put, Edit(after, bracket.end(), separator)]
