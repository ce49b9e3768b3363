"""The static check: what blocks the event loop, forgotten awaits and FastAPI's traps, before the code runs."""

from __future__ import annotations

from loopline.check.finding import Finding, Step
from loopline.check.runner import Report, check

__all__ = ["Finding", "Report", "Step", "check"]
