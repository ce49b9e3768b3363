"""The watchers of this process that count: of several on one loop, the one that sees the requests."""

from __future__ import annotations

import asyncio

from loopline import _opened
from loopline.watch.watcher import Watcher

__all__ = ["watching"]


def watching() -> list[Watcher]:
    """Return them. Two watch one loop if the middleware is in an application that is run by ``loopline run``."""
    seen: set[asyncio.AbstractEventLoop] = set()
    found = []
    for watcher in sorted(_opened.watchers, key=lambda one: -one.traffic.served):
        if not watcher.loops <= seen:
            seen |= watcher.loops
            found.append(watcher)
    return found
