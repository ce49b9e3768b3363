"""A bridge process, seen from the lane: started and reaped by a thread, heard on the loop."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

from anyio import CapacityLimiter, to_thread

from loopline.errors import WorkerLost
from loopline.lanes import _ray_wire as ray_wire
from loopline.lanes import _wire as wire
from loopline.lanes._ray_task import Shared
from loopline.lanes._ray_wire import Frame

__all__ = ["Bridge", "Heard"]

GOODBYE = 3.0  # seconds that a bridge may take to end by itself
# No script of its own: Ray puts a script's folder first on every worker's path, and there `import ray` would find us.
PROGRAM = "import sys; sys.path[:] = {path!r}; from loopline.lanes._ray_bridge import main; main({descriptor})"

Heard: TypeAlias = Callable[[Frame | WorkerLost], None]
"""Is told what the bridge says of a call, or that the bridge has ended."""


class Bridge:
    """One bridge process and the line to it. Used on the loop alone; a thread starts the process and reaps it.

    Args:
        settings: What it is told first.
    """

    def __init__(self, settings: bytes) -> None:
        self._loop = asyncio.get_running_loop()
        self._settings = settings
        self._line, self._theirs = socket.socketpair()
        self._line.setblocking(False)
        self._frames = ray_wire.Frames()
        self._unsent: deque[tuple[bytes, int | None]] = deque()
        self._number = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._ready: asyncio.Future[str] = self._loop.create_future()
        self._why = ""
        self._is_to_end = False
        self.ended = asyncio.Event()
        self.hears: dict[int, Heard] = {}
        self._shared: dict[Shared, tuple[int, asyncio.Future[None]]] = {}

    async def start(self, timeout: float) -> str:
        """Start it and wait until it is connected.

        Args:
            timeout: Seconds that this may take.

        Returns:
            What keeps calls from running now, or nothing.

        Raises:
            ConnectionError: If it could not connect.
            TimeoutError: If it hung.
        """
        thread = threading.Thread(target=self._live, name="loopline ray bridge", daemon=True)
        self._thread = thread
        self._loop.add_reader(self._line.fileno(), self._readable)
        try:
            thread.start()
        except RuntimeError as error:
            self._theirs.close()
            self._gone(OSError(str(error)))
        self._send(ray_wire.head(0, wire.CALL, length=len(self._settings)) + self._settings, None)
        async with asyncio.timeout(timeout):
            return await self._ready

    def number(self) -> int:
        """Return a number for a call."""
        self._number = self._number % 0xFFFFFFFF + 1
        return self._number

    def say(self, number: int, kind: int) -> None:
        """Send a frame without content."""
        self._send(ray_wire.head(number, kind), None)

    async def send(
        self, number: int, kind: int, packed: tuple[bytes, int, list[memoryview]], *, shares: int = 0
    ) -> None:
        """Send what ``wire.pack`` returned; where it is large, a thread copies it first."""
        body, owned, buffers = packed
        if not wire.is_shared(body, buffers):
            self._send(ray_wire.head(number, kind, shares, 0, len(body)) + body, None)
            return
        copying = asyncio.ensure_future(
            to_thread.run_sync(ray_wire.in_memory, body, owned, buffers, limiter=CapacityLimiter(1))
        )
        try:
            owned, length, size, descriptor = await asyncio.shield(copying)
        except asyncio.CancelledError:
            copying.add_done_callback(_drop_copy)
            raise
        self._send(ray_wire.head(number, kind, shares, owned, length, size), descriptor)

    async def share(self, shared: Shared) -> int:
        """Send a function that calls share, unless it was sent, and return its number."""
        if shared not in self._shared:
            number = self.number()
            self._shared[shared] = number, asyncio.ensure_future(self.send(number, ray_wire.SHARE, shared.packed))
        number, sending = self._shared[shared]
        await asyncio.shield(sending)
        return number

    def forget(self, shared: Shared) -> None:
        """Let the cluster forget it: no call asks for it any more."""
        if shared in self._shared:
            number, sending = self._shared.pop(shared)
            sending.add_done_callback(lambda _: self.say(number, ray_wire.UNSHARE))

    async def end(self) -> None:
        """Close the line and wait for the process to end; kill it when that takes too long."""
        self._is_to_end = True
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        impatient = self._loop.call_later(GOODBYE, self.kill)
        await self.ended.wait()
        impatient.cancel()
        if self._thread.ident is not None:
            await to_thread.run_sync(self._thread.join, limiter=CapacityLimiter(1))

    def kill(self) -> None:
        """End the process now."""
        if self._process is not None:
            self._process.kill()

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return None if self._process is None else self._process.pid

    def _live(self) -> None:
        """Start the process and wait for its end; in a thread."""
        code: int | OSError
        try:
            program = PROGRAM.format(path=sys.path, descriptor=self._theirs.fileno())
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-c", program],
                stdin=subprocess.DEVNULL,
                pass_fds=[self._theirs.fileno()],
                # Without a connection, Ray would otherwise start a cluster here.
                env={**os.environ, "RAY_ENABLE_AUTO_CONNECT": "0"},
            )
            self._theirs.close()
            code = self._process.wait()
        except OSError as error:
            self._theirs.close()
            code = error
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._gone, code)

    def _gone(self, code: int | OSError) -> None:
        self._readable()  # what it said before it ended
        self._loop.remove_reader(self._line.fileno())
        self._loop.remove_writer(self._line.fileno())
        self._line.close()
        self._frames.close()
        for _, descriptor in self._unsent:
            if descriptor is not None:
                os.close(descriptor)
        self._unsent.clear()
        how = str(code) if isinstance(code, OSError) else f"the process that speaks with Ray ended with code {code}"
        if not self._ready.done():
            self._ready.set_exception(ConnectionError(self._why or how))
            self._ready.exception()  # it counts as seen: nobody may wait any more
        lost = f"the connection to the Ray cluster was lost while the call was in flight: {how}"
        hears, self.hears = self.hears, {}
        for heard in hears.values():
            heard(WorkerLost("the lane closed before the call had ended" if self._is_to_end else lost))
        self.ended.set()

    def _send(self, frame: bytes, descriptor: int | None) -> None:
        self._unsent.append((frame, descriptor))
        if len(self._unsent) == 1:
            self._write()

    def _write(self) -> None:
        while self._unsent:
            frame, descriptor = self._unsent[0]
            try:
                if descriptor is None:
                    sent = self._line.send(frame)  # loopline: ignore[LL101] - it does not block
                else:
                    sent = socket.send_fds(self._line, [frame], [descriptor])
            except (BlockingIOError, InterruptedError):
                self._loop.add_writer(self._line.fileno(), self._write)
                return
            except OSError:
                sent = len(frame)  # it is gone: the thread will tell
            if descriptor is not None:
                os.close(descriptor)
            if sent < len(frame):
                self._unsent[0] = frame[sent:], None
            else:
                self._unsent.popleft()
        self._loop.remove_writer(self._line.fileno())

    def _readable(self) -> None:
        while True:
            try:
                got, descriptors = ray_wire.receive(self._line)
            except OSError:  # nothing more, for now or for ever
                return
            if not got:
                self._loop.remove_reader(self._line.fileno())
                return
            try:
                frames = self._frames.received(got, descriptors)
            except (OSError, IndexError):  # a descriptor was dropped on its way, as this process has too many open
                self.kill()
                return
            for frame in frames:
                self._take(frame)

    def _take(self, frame: Frame) -> None:
        if frame.kind == wire.READY:
            if not self._ready.done():
                self._ready.set_result(_text(frame))
        elif frame.kind == wire.FAILED:
            self._why = _text(frame)
        elif (heard := self.hears.get(frame.number)) is not None:
            heard(frame)


def _text(frame: Frame) -> str:
    return str(frame.payload.blob, "utf-8", "replace")


def _drop_copy(copying: asyncio.Future[Any]) -> None:
    if not copying.cancelled() and copying.exception() is None:
        os.close(copying.result()[3])
