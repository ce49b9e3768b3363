"""Loopline keeps the event loop of a FastAPI service free and its promises kept."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from loopline.disconnect import cancel_on_disconnect
from loopline.errors import (
    ConfigurationError,
    DatabaseBusy,
    LaneClosed,
    LaneFull,
    LaneTimeout,
    LooplineError,
    MissingExtra,
    ResourceError,
    UpstreamError,
    UpstreamTimeout,
    WorkerLost,
)
from loopline.fanout import Failed, Outcome, RetryCaller, Succeeded, as_completed, fan_out
from loopline.lanes.lane import Lane, LaneStatistics

if TYPE_CHECKING:
    from loopline.database import Database
    from loopline.http_client import HttpClient

__all__ = [
    "ConfigurationError",
    "Database",
    "DatabaseBusy",
    "Failed",
    "HttpClient",
    "Lane",
    "LaneClosed",
    "LaneFull",
    "LaneStatistics",
    "LaneTimeout",
    "LooplineError",
    "MissingExtra",
    "Outcome",
    "ResourceError",
    "RetryCaller",
    "Succeeded",
    "UpstreamError",
    "UpstreamTimeout",
    "WorkerLost",
    "as_completed",
    "cancel_on_disconnect",
    "fan_out",
]

# What needs an optional package is imported when it is first used.
_LAZY = {"Database": "loopline.database", "HttpClient": "loopline.http_client"}


def __getattr__(name: str) -> object:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
