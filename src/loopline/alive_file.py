"""A file that a process touches as long as its event loop turns: whoever looks after processes looks at its age."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anyio.to_thread import run_sync

from loopline._cancel import cancel_and_wait
from loopline.errors import ConfigurationError

__all__ = ["alive_file"]

EVERY = 1.0  # seconds

logger = logging.getLogger("loopline")


@asynccontextmanager
async def alive_file(path: Path) -> AsyncIterator[None]:
    """Touch a file about once a second until the block ends; then it is removed.

    Args:
        path: The file. Each process needs one of its own.

    Raises:
        ConfigurationError: If it can't be written.
    """
    try:
        await run_sync(path.touch)
    except OSError as error:
        raise ConfigurationError(f"can't write the file {path}: {error.strerror}") from error
    touching = asyncio.create_task(_touch(path), name=f"touching {path}")
    try:
        yield
    finally:
        await cancel_and_wait([touching])
        await run_sync(lambda: path.unlink(missing_ok=True))


async def _touch(path: Path) -> None:
    while True:
        await asyncio.sleep(EVERY)
        try:
            await run_sync(path.touch)
        except OSError:  # a full disk, say: it is older by then, and who looks decides
            logger.warning("can't touch the file %s", path, exc_info=True)
