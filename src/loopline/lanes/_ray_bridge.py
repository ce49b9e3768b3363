"""The process between a lane and its Ray cluster: the only one that is a driver of Ray.

Ray ends the process of a driver when its cluster is out of reach for a minute, takes over SIGTERM, and knows one
cluster per process. So the service is none: this process is, and a new one follows when it ends.
"""

from __future__ import annotations

import logging
import os
import pickle
import select
import signal
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import ray
from ray import exceptions as errors

from loopline.lanes import _ray_wire as ray_wire
from loopline.lanes import _wire as wire
from loopline.lanes._ray_actor import Actor
from loopline.lanes._ray_reaper import Reaper
from loopline.lanes._ray_task import Answer, Generator, run_call
from loopline.lanes._ray_wire import Frame, Payload

__all__ = ["main"]

untyped: Any = ray  # what Ray's own annotations leave out

PUTTERS = 4  # threads that put large payloads into the object store, beside which small calls go on
TCP = 5.0  # seconds until an address that does not answer counts as out of reach
TRIAL = 5.0  # seconds that a first call, which does nothing, is waited for
GOODBYE = 1.5  # seconds that Ray may take to disconnect
YOUNG = 1.0  # seconds: what a call that is given up sooner may take to end by itself
NOTICE = 0.5  # seconds that any may: however long it waited at Ray, it may have begun just now
CLIENT_CHECK = 1.0  # seconds between two looks whether Ray Client is still connected
DISCONNECTED = 75  # the exit code that says so (EX_TEMPFAIL of sysexits.h)


def main(descriptor: int) -> None:
    """Serve the lane until it closes the line.

    Args:
        descriptor: The socket to the lane.
    """
    os.dup2(2, 1)  # Ray tells of dead workers there; the service's output is not for that
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the whole group; the lane decides
    line = socket.socket(fileno=descriptor)
    threading.Thread(target=_end_with, args=(line,), daemon=True).start()
    frames = ray_wire.Frames()
    first = _next(line, frames)
    bridge = _Bridge(line, pickle.loads(first.pop(0).payload.blob))  # noqa: S301 - from our own parent
    try:
        lacking = bridge.connect()
    except BaseException as error:  # noqa: BLE001 - Ray raises whatever it likes
        bridge.send(0, _text(wire.FAILED, f"{type(error).__name__}: {_brief(error)}"))
        os._exit(1)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # Ray takes it to leave; calls that run have time to end
    bridge.send(0, _text(wire.READY, lacking))
    while True:
        for frame in first or _next(line, frames):
            bridge.take(frame)
        first = []


def _next(line: socket.socket, frames: ray_wire.Frames) -> list[Frame]:
    while True:
        got, descriptors = ray_wire.receive(line)
        if not got:
            threading.Event().wait()  # the other thread ends it all
        if found := frames.received(got, descriptors):
            return found


def _end_with(line: socket.socket) -> None:
    """End when the lane has closed the line or its process is gone, whatever Ray hangs in."""
    poll = select.poll()
    poll.register(line, getattr(select, "POLLRDHUP", select.POLLHUP))
    poll.poll()
    impatient = threading.Timer(GOODBYE, os._exit, (0,))
    impatient.daemon = True
    impatient.start()
    with suppress(BaseException):
        ray.shutdown()
    os._exit(0)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that is with Ray, and since when, by the monotonic clock."""

    reference: Any
    began: float


class _Bridge:
    """Calls of the lane, made calls of Ray.

    Args:
        line: The socket to the lane.
        settings: What the lane says first.
    """

    def __init__(self, line: socket.socket, settings: dict[str, Any]) -> None:
        self._line = line
        self._address: str = settings["address"]
        self._runtime_env: dict[str, Any] | None = settings["runtime_env"]
        self._demand: dict[str, Any] = settings["demand"]
        self._retry: int = settings["retry"]
        # Over Ray Client a buffer of its own in an answer would hang.
        self._how: dict[str, Any] = {} if not self._address.startswith("ray://") else {"beside": False}
        self._sending = threading.Lock()
        self._lock = threading.Lock()
        self._running: dict[int, Any] = {}  # what ends a call, by its number: it, or a stream's actor
        self._given_up: set[int] = set()  # calls that were ended while their arguments were being put
        self._putting: set[int] = set()
        self._shared: dict[int, tuple[Payload, Future[Any]]] = {}
        self._putters = ThreadPoolExecutor(PUTTERS)
        self._reaper = Reaper(_kill)

    def connect(self) -> str:
        """Connect to the cluster.

        Returns:
            What keeps calls from running now, or nothing.

        Raises:
            Exception: If it is out of reach, or its versions are others than ours.
        """
        parts = urlsplit(self._address if "://" in self._address else f"//{self._address}")
        if parts.port is not None:  # Ray itself would try for a minute
            with suppress(TypeError):
                socket.create_connection((parts.hostname or "", parts.port), TCP).close()
        options: dict[str, Any] = {"runtime_env": self._runtime_env} if self._runtime_env else {}
        ray.init(self._address, logging_level=logging.WARNING, log_to_driver=False, **options)
        self._run = ray.remote(run_call).options(max_retries=self._retry, **self._demand)
        self._generator = untyped.remote(concurrency_groups={"control": 1})(Generator).options(
            max_restarts=0, max_concurrency=1, **self._demand
        )
        if self._how:
            threading.Thread(target=_leave_when_disconnected, daemon=True).start()
        return self._lacking() or self._tried()

    def _tried(self) -> str:
        """Run a call that does nothing: a worker that can't import what it must is told of now, and the next is quick.

        Returns:
            What is to be said if none has begun in time, or nothing.

        Raises:
            ConnectionError: If the workers can't run calls of ours.
        """
        body, _, _ = wire.pack((int, ()), ())
        reference = self._run.remote(body, **self._how)
        try:
            ray.get(reference, timeout=TRIAL)
        except errors.GetTimeoutError:
            ray.cancel(reference, force=True)
            return f"no worker has begun a call within {TRIAL:g} s; it may be busy, or starting"
        except errors.RayError as error:
            raise ConnectionError(str(_told(error)[1:], "utf-8", "replace")) from error
        return ""

    def _lacking(self) -> str:
        wanted = {"CPU": self._demand.get("num_cpus", 1), "GPU": self._demand.get("num_gpus", 0)}
        wanted |= self._demand.get("resources", {})
        nodes = [node["Resources"] for node in untyped.nodes() if node["Alive"]]
        if any(all(node.get(key, 0) >= value for key, value in wanted.items()) for node in nodes):
            return ""
        asked = ", ".join(f"{key}: {value:g}" for key, value in wanted.items() if value)
        return f"no node has what a call asks for ({asked}): calls wait until one comes"

    def take(self, frame: Frame) -> None:
        """Do what the lane says."""
        number = frame.number
        if frame.kind == wire.CALL:
            self._begin(frame, self._call)
        elif frame.kind == wire.STREAM:
            self._begin(frame, self._stream)
        elif frame.kind == ray_wire.SHARE:
            self._shared[number] = frame.payload, self._putters.submit(_put, frame.payload)
        elif frame.kind == ray_wire.UNSHARE:
            self._shared.pop(number, None)
        elif frame.kind == ray_wire.CANCEL:
            with self._lock:
                running = self._running.pop(number, None)
                if running is None and number in self._putting:
                    self._given_up.add(number)
            self._end(running)
        else:
            with self._lock:
                actor = self._running.get(number)
            if actor is not None:  # else it has ended meanwhile
                self._try(number, partial(actor.ask, stop=frame.kind == ray_wire.STOP))

    def _begin(self, frame: Frame, how: Callable[[Frame, Any], None]) -> None:
        """Hand a call to Ray, after its payload where that is large."""
        number = frame.number
        if not isinstance(frame.payload.blob, memoryview) and not (frame.shares and not self._is_put(frame.shares)):
            self._try(number, lambda: how(frame, frame.payload.blob))
            return
        self._putting.add(number)

        def put() -> None:
            try:
                self._try(number, lambda: how(frame, _put(frame.payload)))
            finally:
                with self._lock:
                    self._putting.discard(number)
                    running = self._running.pop(number, None) if number in self._given_up else None
                    self._given_up.discard(number)
                self._end(running)

        self._putters.submit(put)

    def _is_put(self, number: int) -> bool:
        return self._shared[number][1].done()

    def _try(self, number: int, hand_over: Callable[[], None]) -> None:
        try:
            hand_over()
        except BaseException as error:  # noqa: BLE001 - it is the call's
            self.send(number, _told(error))

    def _call(self, frame: Frame, blob: Any) -> None:
        number, payload = frame.number, frame.payload
        more: tuple[Any, ...] = ()
        if frame.shares:
            of, future = self._shared[frame.shares]
            more = ((payload.owned, payload.length), future.result(), (of.owned, of.length))
        elif blob is not payload.blob:
            more = ((payload.owned, payload.length),)
        reference = self._run.remote(blob, *more, **self._how)
        with self._lock:
            self._running[number] = _Call(reference, monotonic())
        reference.future().add_done_callback(partial(self._done, number))

    def _done(self, number: int, future: Future[Answer]) -> None:
        with self._lock:
            if self._running.pop(number, None) is None:
                return  # given up
        self.send(number, _answer(future))

    def _stream(self, frame: Frame, blob: Any) -> None:
        number, payload = frame.number, frame.payload
        handle = self._generator.remote(blob, (payload.owned, payload.length), **self._how)
        actor = Actor(handle, _answer, partial(self._given, number))
        with self._lock:
            self._running[number] = actor
        for _ in range(wire.AHEAD + 1):
            actor.ask()

    def _given(self, number: int, answer: Answer) -> None:
        with self._lock:
            if number not in self._running:
                return  # given up
            actor = None if answer[0] == wire.ITEM else self._running.pop(number)
        self.send(number, answer)
        if actor is not None:
            self._putters.submit(actor.end)

    def _end(self, running: Any) -> None:
        """End a call whose answer nobody waits for.

        By force Ray kills the process that runs it, and what that was given in the same moment dies with it; and where
        the call ends just then, Ray 2.60 may end this process ("Tried to complete task that was not pending"). Many
        calls are over in no time, as those beside one that failed: these end by themselves.
        """
        if isinstance(running, Actor):
            running.end()
        elif isinstance(running, _Call):
            self._reaper.end_at(max(running.began + YOUNG, monotonic() + NOTICE), running.reference)

    def send(self, number: int, answer: Answer) -> None:
        """Send a frame to the lane."""
        if isinstance(answer, bytes):
            with self._sending:
                self._line.sendall(ray_wire.head(number, answer[0], length=len(answer) - 1) + answer[1:])
            return
        kind, owned, length, blob = answer
        view = memoryview(blob).cast("B")
        descriptor = wire.Arena.make()
        try:
            end = view.nbytes
            while view.nbytes:
                view = view[os.pwrite(descriptor, view, end - view.nbytes) :]
            frame = ray_wire.head(number, kind, 0, owned, length, end)
            with self._sending:
                self._line.sendall(frame[socket.send_fds(self._line, [frame], [descriptor]) :])
        finally:
            os.close(descriptor)


def _kill(reference: Any) -> None:
    with suppress(Exception):  # it has ended, or the cluster is gone
        ray.cancel(reference, force=True)


def _put(payload: Payload) -> Any:
    return ray.put(pickle.PickleBuffer(payload.blob))


def _answer(future: Future[Answer]) -> Answer:
    try:
        return future.result()
    except BaseException as error:  # noqa: BLE001 - it is the call's
        return _told(error)


def _told(error: BaseException) -> bytes:
    """Say what Ray's own error means for a call."""
    if isinstance(error, errors.RuntimeEnvSetupError | errors.TaskUnschedulableError | errors.ActorUnschedulableError):
        return _text(wire.REFUSED, f"it can't run on the cluster: {error}")
    if isinstance(error, errors.RayTaskError):
        return _text(wire.REFUSED, f"it could not begin on the cluster, where loopline must be installed: {error}")
    if isinstance(error, errors.WorkerCrashedError):
        return _text(ray_wire.LOST, "the worker process that ran it, or its node, died")
    if isinstance(error, errors.TaskCancelledError):
        return _text(ray_wire.LOST, "it was cancelled on the cluster")
    return _text(ray_wire.LOST, f"{type(error).__name__}: {error}")


def _brief(error: BaseException) -> str:
    """Return what an error says, without the traceback from the cluster that it may hold."""
    lines = str(error).strip().splitlines() or [""]
    return lines[0] if len(lines) == 1 else f"{lines[0]} … {lines[-1]}"


def _text(kind: int, text: str) -> bytes:
    return bytes((kind,)) + text.encode(errors="replace")[: wire.INLINE]


def _leave_when_disconnected() -> None:
    from ray.util.client import ray as client

    typed: Any = client
    while typed.is_connected():
        threading.Event().wait(CLIENT_CHECK)
    os._exit(DISCONNECTED)
