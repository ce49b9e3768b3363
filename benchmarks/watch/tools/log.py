"""Reading what a tool logs, as it is logged."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["listening"]


class _Listener(logging.Handler):
    def __init__(self, hear: Callable[[logging.LogRecord], None]) -> None:
        super().__init__()
        self._hear = hear

    def emit(self, record: logging.LogRecord) -> None:
        self._hear(record)


@contextmanager
def listening(name: str, hear: Callable[[logging.LogRecord], None]) -> Iterator[None]:
    """Hear what is logged.

    Args:
        name: Of the logger.
        hear: Gets each record.
    """
    logger, listener = logging.getLogger(name), _Listener(hear)
    logger.addHandler(listener)
    try:
        yield
    finally:
        logger.removeHandler(listener)
