"""One worker process, seen from the lane: started by a thread, heard on the loop, killed by its pidfd."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loopline import _tracer
from loopline.lanes import _wire as wire
from loopline.lanes._process_call import Call

__all__ = ["Spawner", "Worker", "how_it_ended", "settings_of"]

WORKER = str(Path(__file__).with_name("_worker.py"))
LINGERS = 0.5  # seconds between a worker's closing the line and its end, where nothing but the line tells of it
SOCKET_BUFFER = 4 * wire.INLINE  # bytes; a frame always fits, so that sending one never blocks


@dataclass(slots=True, eq=False)
class Worker:
    """A worker process and the line to it.

    Attributes:
        process: The process.
        line: This end of the socket.
        inbound: The arena that this side writes.
        outbound: The arena that the worker writes.
        ended: Called once on the loop when the process is gone.
        ready: Called once on the loop when it can take calls.
        free: Called on the loop when it has ended a call; if it is doomed, it takes no other.
        call: What it runs.
        calls: How many it was given.
        is_ready: Whether it has ever been ready.
        why: What kept it from starting.
        doomed: Whether it is being killed, or gone: it gets no call any more.
    """

    process: subprocess.Popen[bytes]
    line: socket.socket
    inbound: wire.Arena
    outbound: wire.Arena
    ended: Callable[[Worker], None]
    ready: Callable[[Worker], None]
    free: Callable[[Worker, Call], None]
    call: Call | None = None
    calls: int = 0
    is_ready: bool = False
    why: str = ""
    doomed: bool = False
    _pidfd: int = -1
    _frames: wire.Frames = field(default_factory=wire.Frames)

    def attach(self, loop: asyncio.AbstractEventLoop, settings: bytes) -> None:
        """Listen on the loop, and send the settings."""
        self.line.setblocking(False)
        loop.add_reader(self.line.fileno(), self._heard)
        if hasattr(os, "pidfd_open"):
            # The socket's end alone could be held open by a child that the function forked.
            with suppress(OSError):  # some sandboxes have the call and refuse it
                self._pidfd = os.pidfd_open(self.process.pid)
                loop.add_reader(self._pidfd, self._gone)
        self._send(wire.frame(0, wire.CALL, settings))

    def give(self, call: Call, number: int) -> None:
        """Let it run a call; it must be free."""
        self.call = call
        self.calls += 1
        call.number = number
        call.worker = self
        call.attempts += 1
        self._send(wire.frame(number, call.kind, call.body, call.owned, call.buffers, self.inbound))

    def go_on(self, call: Call) -> None:
        """Let the stream that it runs have its next item."""
        self._send(wire.frame(call.number, wire.TAKEN, b""))

    def stop(self, call: Call) -> None:
        """Let the stream that it runs end with what it has given; it looks at the mark between two items."""
        self.inbound.mark = call.number
        self._send(wire.frame(call.number, wire.TAKEN, b""))  # it may be waiting for that

    def give_up(self) -> None:
        """End the process because nobody waits for its call any more."""
        if self.call is not None:
            self.call.worker = None
            self.call = None
        self.kill()

    def kill(self) -> None:
        """End the process, whatever it does."""
        self.doomed = True
        try:
            if self._pidfd >= 0:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            else:
                self.process.kill()
        except ProcessLookupError:
            pass  # it was faster

    def dismiss(self) -> None:
        """Let the process end by itself: it reads the end of the line."""
        with suppress(OSError):  # it may be gone already
            self.line.shutdown(socket.SHUT_WR)

    def had_begun(self) -> bool:
        """Whether the process had begun with its call. Asked when it is gone."""
        return self.call is not None and self.outbound.mark == self.call.number

    def _send(self, frame: bytes) -> None:
        try:
            sent = self.line.send(frame)
        except OSError:
            return  # it is gone: the loop will hear of that
        assert sent == len(frame), "the socket's buffer holds a frame"

    def _heard(self) -> None:
        try:
            count = self.line.recv_into(self._frames.space())
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            count = 0
        if not count:
            asyncio.get_running_loop().remove_reader(self.line.fileno())
            if self._pidfd < 0:
                self._gone()
            return
        for frame in self._frames.received(count):
            self._take(frame)

    def _take(self, frame: wire.Frame) -> None:
        if frame.kind == wire.LOG:
            try:
                _log(pickle.loads(frame.inline))  # noqa: S301 - from our own worker
            except Exception as error:  # noqa: BLE001 - of the application's logging; the frames behind it must be read
                context = {"message": "a record of a worker could not be logged", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)
        elif frame.kind == wire.READY:
            self.is_ready = True
            self.ready(self)
        elif frame.kind == wire.FAILED:
            self.why = str(frame.inline, "utf-8", "replace")
        elif self.call is not None and frame.number == self.call.number:
            if frame.kind == wire.ITEM:
                # Once it was told to stop, what is in the arena may be another payload.
                if not self.call.stopped and self.call.arrived is not None:
                    self.call.arrived(self._content(frame))
                return
            call, self.call = self.call, None
            call.worker = None
            # What lies in the arena must be read before the worker writes there again; else it need not wait for that.
            content = self._content(frame) if frame.shared else None
            self.free(self, call)
            if not call.done.done():
                call.done.set_result((frame.kind, content if frame.shared else self._content(frame)))

    def _content(self, frame: wire.Frame) -> Any:
        if frame.kind in (wire.REFUSED, wire.EXITED):
            return str(frame.inline, "utf-8", "replace")
        try:
            if not frame.shared:
                return wire.unpack(frame.inline, frame.owned, frame.length)
            view = self.outbound.read(frame.shared)
            try:
                return wire.unpack(view, frame.owned, frame.length)
            finally:
                view.release()
                self.outbound.shrink()
        except Exception as error:  # noqa: BLE001 - whatever unpickling runs; the caller raises it
            return error

    def _gone(self) -> None:
        loop = asyncio.get_running_loop()
        self.doomed = True
        self._heard_last()
        loop.remove_reader(self.line.fileno())
        if self._pidfd >= 0:
            loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        try:
            self.process.wait(LINGERS)  # it has ended already: this only reaps it
        except subprocess.TimeoutExpired:  # without a pidfd it may only have closed the line
            self.process.kill()
            self.process.wait()
        self.line.close()
        self.ended(self)
        self.inbound.close()
        self.outbound.close()

    def _heard_last(self) -> None:
        # What it said before it ended may still be in the socket.
        try:
            while count := self.line.recv_into(self._frames.space()):
                for frame in self._frames.received(count):
                    self._take(frame)
        except OSError:
            pass


def how_it_ended(worker: Worker) -> str:
    """Say how a process that is gone has ended, for a message."""
    code = worker.process.returncode
    if code < 0:
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return f"ended with exit code {code}"


def _log(record: dict[str, Any]) -> None:
    made = logging.makeLogRecord(record)
    logger = logging.getLogger(made.name)
    if logger.isEnabledFor(made.levelno):
        logger.handle(made)


class Spawner:
    """Starts processes from one thread that lives as long as they do.

    On the loop, starting one would block it; and Linux ends a process with the *thread* that started it, where that
    was asked for (prctl(2), PR_SET_PDEATHSIG).

    Args:
        loop: Where ``spawned`` is called.
        spawned: Is given the pieces of each new worker, or the error.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        spawned: Callable[[subprocess.Popen[bytes] | OSError, socket.socket, int, int], None],
    ) -> None:
        self._loop = loop
        self._spawned = spawned
        self._wanted: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="loopline spawner", daemon=True)
        self._thread.start()

    def ask(self) -> None:
        """Ask for one more process."""
        self._wanted.put(True)

    def stop(self) -> None:
        """End the thread; call it when all its processes are gone. It may still be starting one: join it elsewhere."""
        self._wanted.put(False)

    def join(self) -> None:
        """Wait for the thread's end; blocking."""
        self._thread.join()

    def _work(self) -> None:
        while self._wanted.get():
            ours, theirs = socket.socketpair()
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
            inbound, outbound = wire.Arena.make(), wire.Arena.make()
            descriptors = (theirs.fileno(), inbound, outbound)
            command = [sys.executable, "-P", WORKER, *map(str, descriptors), str(os.getpid())]
            made: subprocess.Popen[bytes] | OSError
            with theirs:
                try:
                    made = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=descriptors)  # noqa: S603
                except OSError as error:
                    made = error
            try:
                self._loop.call_soon_threadsafe(self._spawned, made, ours, inbound, outbound)
            except RuntimeError:  # the loop is closed: whoever closed it left the lane open
                if not isinstance(made, OSError):
                    made.kill()
                return


def settings_of(
    *,
    preload: tuple[str, ...],
    initializer: Callable[[], object] | None,
    context: tuple[tuple[str, str], ...],
    nice: int,
    memory: int | None,
) -> bytes:
    """Return what a worker is told first."""
    return pickle.dumps(
        {
            "path": sys.path,
            # Imported with its first traced call, it would hold that up.
            "preload": preload if _tracer.active is None else (*preload, "loopline._opentelemetry"),
            "initializer": pickle.dumps(initializer),
            "context": context,
            "nice": nice,
            "batch": nice > 0,
            "memory": memory,
            "log_level": logging.root.level,
        }
    )
