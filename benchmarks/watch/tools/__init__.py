"""The tools that are compared, each set up as its own documentation shows."""

from __future__ import annotations

from benchmarks.watch.tools.tool import NOTHING, OURS, THRESHOLD, TOOLS, Tool, Watching, load

__all__ = ["NOTHING", "OURS", "THRESHOLD", "TOOLS", "Tool", "Watching", "load"]
