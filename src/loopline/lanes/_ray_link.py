"""The lane's line to its cluster: it keeps a bridge running, and begins a new one when that ends."""

from __future__ import annotations

import asyncio
import logging

from loopline._finish import finish_first
from loopline.errors import LaneUnavailable
from loopline.lanes._ray_process import Bridge
from loopline.lanes._ray_task import Shared

__all__ = ["CLIENT_TRIES", "Link"]

logger = logging.getLogger("loopline.lanes")

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds between two attempts to reach the cluster
# Ray's proxy for its clients forks with threads running, and once in a while what it forks hangs or dies: another
# connection gets another process.
CLIENT_TRIES = 3


class Link:
    """Keeps a bridge to the cluster, as long as it is open.

    Args:
        name: The lane's name.
        address: The cluster's, for messages.
        settings: What a bridge is told first.
        timeout: Seconds that connecting may take.
        tries: How many attempts there are in these.
    """

    def __init__(self, name: str, address: str, settings: bytes, timeout: float, tries: int = 1) -> None:
        self._name = name
        self._address = address
        self._settings = settings
        self._timeout = timeout
        self._tries = tries
        self._tried = 0
        self._bridge: Bridge | None = None
        self._failure = ""
        self._changed = asyncio.Event()
        self._keeper = asyncio.create_task(self._keep())

    async def bridge(self) -> Bridge:
        """Return the bridge. While the first attempt to connect goes on, wait for it.

        Raises:
            LaneUnavailable: If the cluster is out of reach.
        """
        while self._bridge is None or self._bridge.ended.is_set():
            if self._failure:
                raise LaneUnavailable(f"Lane {self._name!r} can't reach its cluster now.", self._failure)
            self._changed.clear()
            await self._changed.wait()
        return self._bridge

    def forget(self, shared: Shared) -> None:
        """Let the cluster forget what calls have shared."""
        if self._bridge is not None:
            self._bridge.forget(shared)

    @property
    def pid(self) -> int | None:
        """The bridge's process id, while it is connected."""
        return None if self._bridge is None else self._bridge.pid

    async def close(self) -> None:
        """End the bridge, and with it what still runs. Who waits for one is told."""
        self._keeper.cancel()
        await asyncio.wait({self._keeper})
        self._failure = "the lane is closed"
        self._changed.set()

    async def _keep(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                bridge = Bridge(self._settings)
            except OSError as error:  # too many open files
                self._fail(error)
            else:
                if await self._use(bridge):
                    pause = FIRST_PAUSE
                    continue
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _use(self, bridge: Bridge) -> bool:
        """Start a bridge and wait until it has ended. Return whether it was ever connected."""
        try:
            lacking = await bridge.start(self._timeout / self._tries)
            if lacking:
                logger.warning("lane %r: the cluster at %s: %s", self._name, self._address, lacking)
            if self._failure:
                logger.info("lane %r: the cluster is in reach again", self._name)
            self._bridge, self._failure, self._tried = bridge, "", 0
            self._changed.set()
            await bridge.ended.wait()
            logger.warning("lane %r: the connection to the Ray cluster was lost; connecting again", self._name)
            return True
        except ConnectionError as error:
            self._fail(error)
            return False
        except TimeoutError:
            self._fail(TimeoutError(f"no connection within {self._timeout:g} s"))
            return False
        finally:
            self._bridge = None
            await finish_first(bridge.end())

    def _fail(self, error: OSError) -> None:
        self._tried += 1
        if self._tried < self._tries:
            return
        if not self._failure:
            logger.warning("lane %r can't reach the cluster at %s: %s", self._name, self._address, error)
        self._failure = f"at {self._address}: {error}"
        self._changed.set()
