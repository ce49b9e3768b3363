"""blockbuster, which raises where a call would block; the error is heard where the server or asyncio logs it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from blockbuster import BlockBuster, BlockingError
from fastapi import FastAPI

from benchmarks.watch.finding import Finding, Tell
from benchmarks.watch.tools.log import listening

__all__ = ["watching"]


@asynccontextmanager
async def watching(app: FastAPI, tell: Tell) -> AsyncIterator[None]:
    """Activate it once the application has started."""

    def hear(record: logging.LogRecord) -> None:
        for error in _blocking(record.exc_info[1] if record.exc_info else None):
            frames = traceback.extract_tb(error.__traceback__)
            tell(
                Finding(
                    kind="blocking",
                    spots=[(frame.filename, frame.lineno or 0, frame.name) for frame in frames],
                    text=str(error),
                )
            )

    blockbuster = BlockBuster()
    blockbuster.activate()
    try:
        with listening("uvicorn.error", hear), listening("asyncio", hear):
            yield
    finally:
        blockbuster.deactivate()


def _blocking(error: BaseException | None) -> Iterator[BlockingError]:
    """Find it in an error, in what that was raised from, and in the members of a group."""
    if isinstance(error, BlockingError):
        yield error
    elif isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _blocking(member)
    elif error is not None:
        yield from _blocking(error.__cause__ or error.__context__)
