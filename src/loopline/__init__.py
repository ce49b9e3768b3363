"""Loopline keeps the event loop of a FastAPI service free and its promises kept."""

from __future__ import annotations

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

__all__ = [
    "ConfigurationError",
    "DatabaseBusy",
    "LaneClosed",
    "LaneFull",
    "LaneTimeout",
    "LooplineError",
    "MissingExtra",
    "ResourceError",
    "UpstreamError",
    "UpstreamTimeout",
    "WorkerLost",
]
