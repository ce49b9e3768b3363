"""What endpoints call, in another module, some calls deep."""

from __future__ import annotations

import logging
import time

from benchmarks.watch.sizes import SLEEP

__all__ = ["SlowHandler", "load_order", "load_user"]


def load_user(number: int) -> dict[str, int]:
    """Block one call below the one who asks."""
    time.sleep(SLEEP)  # guilty: two-deep
    return {"number": number}


def load_order(number: int) -> dict[str, int]:
    """Block two calls below."""
    return {"order": number, **_load_lines(number)}


def _load_lines(number: int) -> dict[str, int]:
    return {"lines": _count_lines(number)}


def _count_lines(number: int) -> int:
    time.sleep(SLEEP)  # guilty: three-deep
    return number


class SlowHandler(logging.Handler):
    """A handler that sends what is logged somewhere, and waits."""

    def emit(self, record: logging.LogRecord) -> None:
        """Block: between this and the one who logs is only the standard library."""
        time.sleep(SLEEP)  # guilty: log-handler
