"""The list of tools. A tool's module is imported only in the process that it watches."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import TypeAlias

from fastapi import FastAPI

from benchmarks.watch.finding import Tell

__all__ = ["NOTHING", "OURS", "THRESHOLD", "TOOLS", "Tool", "Watching", "load"]

THRESHOLD = 0.1  # seconds above which a stall is to be reported, by all
NOTHING = "no tool"
OURS = "Loopline"

Watching: TypeAlias = Callable[[FastAPI, Tell], AbstractAsyncContextManager[None]]
"""Sets a tool up for an application that does not serve yet; what it returns is entered inside the application's
lifespan, on the running loop."""

BOTH = ("uvloop", "asyncio")


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool.

    Attributes:
        name: As it is shown.
        module: The one in this folder that sets it up.
        package: The one that is installed, if it is one.
        says: What its reports can contain: kind, line, function, route.
        loops: Where it works.
        once: Whether one pass is enough: it sees each call that is made, which takes long.
    """

    name: str
    module: str
    package: str | None = None
    says: frozenset[str] = frozenset()
    loops: tuple[str, ...] = BOTH
    once: bool = False


def _says(*what: str) -> frozenset[str]:
    return frozenset(what)


TOOLS = {
    tool.name: tool
    for tool in (
        Tool(OURS, "loopline_watch", "loopline", _says("kind", "line", "function", "route")),
        Tool("asyncio debug", "asyncio_debug", None, _says("line", "function")),
        Tool("aiocop", "aiocop_events", "aiocop", _says("line", "function")),
        Tool("blockbuster", "blockbuster_errors", "blockbuster", _says("line", "function")),
        Tool("pyleak", "pyleak_blocks", "pyleak", _says("line", "function")),
        Tool("asynclens", "asynclens_log", "asynclens", _says("line", "function")),
        Tool("loopguard", "loopguard_log", "fastapi-loopguard", _says("route")),
        Tool("event-loop-monitor", "event_loop_monitor", "asyncio-event-loop-monitor", _says("function"), once=True),
        Tool("flowtracer", "flowtracer_trees", "fastapi-flowtracer", _says("function", "route"), once=True),
        # It replaces Handle._run, which uvloop does not have.
        Tool("aiodebug", "aiodebug_callbacks", "aiodebug", _says("line", "function"), ("asyncio",)),
        Tool(NOTHING, "nothing", once=True),
    )
}


def load(name: str) -> Watching:
    """Import what sets a tool up.

    Args:
        name: Of the tool.
    """
    watching: Watching = import_module(f"benchmarks.watch.tools.{TOOLS[name].module}").watching
    return watching
