"""Loopline keeps the event loop of a FastAPI service free and its promises kept."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loopline.dashboard import Dashboard
    from loopline.database import Database
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
        LaneUnavailable,
        LooplineError,
        MissingExtra,
        RemoteError,
        ResourceError,
        UpstreamError,
        UpstreamTimeout,
        WorkerLost,
    )
    from loopline.fanout import Failed, Outcome, RetryCaller, Succeeded, as_completed, fan_out
    from loopline.health import health_routes
    from loopline.http_client import HttpClient
    from loopline.jobs import JobQueue, Retry
    from loopline.lanes.executor import ExecutorLane
    from loopline.lanes.lane import Lane, LaneStatistics
    from loopline.lanes.limiter import Limiter
    from loopline.lanes.named import lane
    from loopline.lanes.process import ProcessLane
    from loopline.lanes.ray import RayLane
    from loopline.lanes.thread import ThreadLane
    from loopline.metrics import Metrics
    from loopline.resources import lifespan
    from loopline.tracing import Tracing
    from loopline.watch import Watch

__all__ = [
    "BlockedLoop",
    "CancelOnDisconnect",
    "ConfigurationError",
    "Dashboard",
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
    "LaneUnavailable",
    "Limiter",
    "LooplineError",
    "Metrics",
    "MissingExtra",
    "Outcome",
    "ProcessLane",
    "RayLane",
    "RemoteError",
    "ResourceError",
    "Retry",
    "RetryCaller",
    "Succeeded",
    "ThreadLane",
    "Tracing",
    "UpstreamError",
    "UpstreamTimeout",
    "Watch",
    "WorkerLost",
    "as_completed",
    "cancel_on_disconnect",
    "fan_out",
    "health_routes",
    "lane",
    "lifespan",
]

# Everything is imported when it is first used: the command line and the static check need hardly any of it.
_LAZY = {
    "BlockedLoop": "loopline.errors",
    "CancelOnDisconnect": "loopline.disconnect",
    "ConfigurationError": "loopline.errors",
    "Dashboard": "loopline.dashboard",
    "Database": "loopline.database",
    "DatabaseBusy": "loopline.errors",
    "DuplicateJob": "loopline.errors",
    "DuplicateTask": "loopline.errors",
    "ExecutorLane": "loopline.lanes.executor",
    "Failed": "loopline.fanout",
    "ForgottenAwait": "loopline.errors",
    "HttpClient": "loopline.http_client",
    "JobQueue": "loopline.jobs",
    "Lane": "loopline.lanes.lane",
    "LaneClosed": "loopline.errors",
    "LaneFull": "loopline.errors",
    "LaneStatistics": "loopline.lanes.lane",
    "LaneTimeout": "loopline.errors",
    "LaneUnavailable": "loopline.errors",
    "Limiter": "loopline.lanes.limiter",
    "LooplineError": "loopline.errors",
    "Metrics": "loopline.metrics",
    "MissingExtra": "loopline.errors",
    "Outcome": "loopline.fanout",
    "ProcessLane": "loopline.lanes.process",
    "RayLane": "loopline.lanes.ray",
    "RemoteError": "loopline.errors",
    "ResourceError": "loopline.errors",
    "Retry": "loopline.jobs",
    "RetryCaller": "loopline.fanout",
    "Succeeded": "loopline.fanout",
    "ThreadLane": "loopline.lanes.thread",
    "Tracing": "loopline.tracing",
    "UpstreamError": "loopline.errors",
    "UpstreamTimeout": "loopline.errors",
    "Watch": "loopline.watch",
    "WorkerLost": "loopline.errors",
    "as_completed": "loopline.fanout",
    "cancel_on_disconnect": "loopline.disconnect",
    "fan_out": "loopline.fanout",
    "lane": "loopline.lanes.named",
    "health_routes": "loopline.health",
    "lifespan": "loopline.resources",
}


def __getattr__(name: str) -> object:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
