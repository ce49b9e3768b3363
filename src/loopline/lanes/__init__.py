"""Where work runs: threads, processes, executors."""

from __future__ import annotations

from loopline.lanes.lane import Lane, LaneStatistics

__all__ = ["Lane", "LaneStatistics"]
