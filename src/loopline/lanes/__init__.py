"""Where work runs: threads, processes, executors, a Ray cluster."""

from __future__ import annotations

from loopline.lanes.executor import ExecutorLane
from loopline.lanes.lane import Lane, LaneStatistics
from loopline.lanes.limiter import Limiter
from loopline.lanes.process import ProcessLane
from loopline.lanes.ray import RayLane
from loopline.lanes.stream import Stream
from loopline.lanes.thread import ThreadLane

__all__ = ["ExecutorLane", "Lane", "LaneStatistics", "Limiter", "ProcessLane", "RayLane", "Stream", "ThreadLane"]
