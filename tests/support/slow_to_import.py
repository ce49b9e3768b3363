"""A module that takes its time when it is imported."""

from __future__ import annotations

import time

__all__ = ["DONE"]

time.sleep(0.5)
DONE = True
