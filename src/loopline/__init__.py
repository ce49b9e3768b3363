"""Loopline keeps the event loop of a FastAPI service free and its promises kept."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from loopline.disconnect import CancelOnDisconnect, cancel_on_disconnect
from loopline.errors import (
    BlockedLoop,
    ConfigurationError,
    DatabaseBusy,
    DuplicateJob,
    DuplicateTask,
    ForgottenAwait,
    LaneClosed,
    LaneFull,
    LaneTimeout,
    LooplineError,
    MissingExtra,
    RemoteError,
    ResourceError,
    UpstreamError,
    UpstreamTimeout,
    WorkerLost,
)
from loopline.fanout import Failed, Outcome, RetryCaller, Succeeded, as_completed, fan_out
from loopline.lanes.executor import ExecutorLane
from loopline.lanes.lane import Lane, LaneStatistics
from loopline.lanes.limiter import Limiter
from loopline.lanes.process import ProcessLane
from loopline.lanes.thread import ThreadLane
from loopline.resources import lifespan

if TYPE_CHECKING:
    from loopline.database import Database
    from loopline.http_client import HttpClient
    from loopline.jobs import JobQueue, Retry
    from loopline.watch import Watch

__all__ = [
    "BlockedLoop",
    "CancelOnDisconnect",
    "ConfigurationError",
    "Database",
    "DatabaseBusy",
    "DuplicateJob",
    "DuplicateTask",
    "ExecutorLane",
    "Failed",
    "ForgottenAwait",
    "HttpClient",
    "JobQueue",
    "Lane",
    "LaneClosed",
    "LaneFull",
    "LaneStatistics",
    "LaneTimeout",
    "Limiter",
    "LooplineError",
    "MissingExtra",
    "Outcome",
    "ProcessLane",
    "RemoteError",
    "ResourceError",
    "Retry",
    "RetryCaller",
    "Succeeded",
    "ThreadLane",
    "UpstreamError",
    "UpstreamTimeout",
    "Watch",
    "WorkerLost",
    "as_completed",
    "cancel_on_disconnect",
    "fan_out",
    "lifespan",
]

# What needs an optional package is imported when it is first used.
_LAZY = {
    "Database": "loopline.database",
    "HttpClient": "loopline.http_client",
    "JobQueue": "loopline.jobs",
    "Retry": "loopline.jobs",
    "Watch": "loopline.watch",
}


def __getattr__(name: str) -> object:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
