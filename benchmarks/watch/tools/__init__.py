"""The tools that are compared, each set up as its own documentation shows.

Not among them: loopsentry (needs Python 3.12); gadasyncblock (an alarm of whole seconds); logfire's
``log_slow_async_callbacks`` (aiodebug's way, with a platform around it); loopmon, transparent-fastapi and
fastapi-runtime-details-collector (a gauge of the loop's lag, no report of a stall); aiomonitor (a console);
async-watchdog (watches for heartbeats that the application sends); async-runtime-auditor (a load test).
"""

from __future__ import annotations

from benchmarks.watch.tools.tool import NOTHING, OURS, THRESHOLD, TOOLS, Tool, Watching, load

__all__ = ["NOTHING", "OURS", "THRESHOLD", "TOOLS", "Tool", "Watching", "load"]
