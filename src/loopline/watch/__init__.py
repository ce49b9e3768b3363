"""Watch: what blocks the event loop, and which request is to blame."""

from __future__ import annotations

from loopline.watch.finding import Finding, Kind, Place
from loopline.watch.lag import Lag
from loopline.watch.middleware import Watch
from loopline.watch.report import Group, Report

__all__ = ["Finding", "Group", "Kind", "Lag", "Place", "Report", "Watch"]
