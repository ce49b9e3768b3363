"""The dashboard: what happens in a service now, and its jobs, on one page."""

from __future__ import annotations

from loopline.dashboard.dashboard import Dashboard

__all__ = ["Dashboard"]
