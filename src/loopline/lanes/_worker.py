"""The main loop of a worker process. It is run as a file, without the library around it, so that it starts quickly."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import pickle
import resource
import signal
import socket
import sys
import threading
import traceback
from pathlib import Path
from types import CoroutineType, GeneratorType, ModuleType
from typing import Any

__all__ = ["main"]

PR_SET_PDEATHSIG = 1  # linux/prctl.h
PLAIN = "await async functions on the event loop, and give the lane a plain function"
ITERABLE = "give stream() a generator function, or one that returns something to iterate over"
LOG_TEXT = 4 * 1024  # characters of a logging record's message, and of its traceback, that are sent
RECORD = ("name", "levelno", "levelname", "msg", "args", "exc_info", "exc_text", "created", "process", "processName")


def _load_wire() -> ModuleType:
    spec = importlib.util.spec_from_file_location("_loopline_wire", Path(__file__).with_name("_wire.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


wire = _load_wire()


class Link:
    """The worker's end of the line to its lane.

    Args:
        connection: The socket.
        inbound: The arena that the lane writes.
        outbound: The arena that this process writes.
    """

    def __init__(self, connection: socket.socket, inbound: Any, outbound: Any) -> None:
        self._socket = connection
        self._inbound = inbound
        self._outbound = outbound
        self._frames = wire.Frames()
        self._lock = threading.Lock()  # threads of the function may log while it returns
        self._owner = os.getpid()
        self.memory: int | None = None
        # A child that the function forks must neither answer in its place nor keep the line open.
        os.register_at_fork(after_in_child=connection.close)

    def send(self, number: int, kind: int, payload: tuple[bytes, int, list[memoryview]]) -> None:
        """Send a frame; it must be sent by this very process."""
        if os.getpid() != self._owner:
            os._exit(0)
        body, owned, buffers = payload
        with self._lock:
            self._socket.sendall(wire.frame(number, kind, body, owned, buffers, self._outbound))

    def say(self, number: int, kind: int, text: str) -> None:
        """Send a frame with text, cut to what fits."""
        self.send(number, kind, (text.encode(errors="replace")[: wire.INLINE], 0, []))

    def note_memory(self) -> None:
        """Tell the lane if this process has needed more memory than it should."""
        unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2) counts in kilobytes, on macOS in bytes
        if self.memory is not None and resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit > self.memory:
            self._outbound.full = True

    def calls(self) -> Any:
        """Give the calls as they come; end when the lane has closed the line."""
        while True:
            count = self._socket.recv_into(self._frames.space())
            if not count:
                return
            yield from self._frames.received(count)

    def is_stopped(self, number: int) -> bool:
        """Whether nobody wants the items of a stream any more."""
        return bool(self._inbound.mark == number)

    def content(self, frame: Any) -> Any:
        """Return what a call holds, and let the lane's next payload have the arena."""
        self._outbound.mark = frame.number  # from here on the call has begun
        if not frame.shared:
            return wire.unpack(frame.inline, frame.owned, frame.length)
        view = self._inbound.read(frame.shared)
        try:
            return wire.unpack(view, frame.owned, frame.length)
        finally:
            view.release()
            self._inbound.shrink()


class Forward(logging.Handler):
    """Sends logging records to the lane."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record as plain values: whatever its arguments are, they stay here."""
        try:
            said = dict(vars(record), msg=record.getMessage()[:LOG_TEXT], args=None, exc_info=None)
            if record.exc_info:
                said["exc_text"] = logging.Formatter().formatException(record.exc_info)[-LOG_TEXT:]
            plain = {key: value for key, value in said.items() if isinstance(value, str | int | float | None)}
            packed = pickle.dumps(plain)
            if len(packed) > wire.INLINE:  # by what the application adds to its records
                packed = pickle.dumps({key: plain[key] for key in RECORD if key in plain})
            self._link.send(0, wire.LOG, (packed, 0, []))
        except OSError:
            pass  # the lane is gone, and with it the log
        except Exception:  # noqa: BLE001 - as every logging handler does
            self.handleError(record)


def main(descriptor: int, inbound: int, outbound: int, parent: int) -> None:
    """Serve calls until the lane closes the line.

    Args:
        descriptor: The socket to the lane.
        inbound: The arena that the lane writes.
        outbound: The arena that this process writes.
        parent: The process id of the lane's process.
    """
    for inherited in (descriptor, inbound, outbound):
        os.set_inheritable(inherited, False)
    _die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the whole group; the lane decides
    link = Link(socket.socket(fileno=descriptor), wire.Arena(inbound), wire.Arena(outbound))
    calls = link.calls()
    first = next(calls, None)
    if first is None:
        return
    try:
        context = _set_up(link, pickle.loads(first.inline))  # noqa: S301 - from our own parent
    except BaseException:  # noqa: BLE001 - sys.exit in an initializer is a failure to start as well
        link.say(0, wire.FAILED, traceback.format_exc())
        return
    link.say(0, wire.READY, "")
    for call in calls:
        if call.kind != wire.TAKEN:  # of a stream that has ended meanwhile
            _serve(link, call, calls, context)


def _variable(context: list[Any], which: int | tuple[str, str]) -> Any:
    """Return what takes a value that comes along: a variable of the lane's, or what takes the trace, imported late."""
    return context[which] if isinstance(which, int) else getattr(importlib.import_module(which[0]), which[1])


def _serve(link: Link, call: Any, calls: Any, context: list[Any]) -> None:
    number = call.number
    try:
        (fn, values), arguments = link.content(call)
        tokens = [(variable := _variable(context, which), variable.set(value)) for which, value in values]
    except BaseException:  # noqa: BLE001 - whatever unpickling runs
        link.say(number, wire.REFUSED, f"the call can't be read in the worker:\n{traceback.format_exc()}")
        return
    try:
        result = fn(*arguments)
        if call.kind == wire.STREAM:
            _give_out(link, number, calls, result)
            result = None
    except _Refused as error:
        link.say(number, wire.REFUSED, str(error))
        return
    except SystemExit as error:
        link.say(number, wire.EXITED, f"sys.exit({error.code!r})")
        return
    except BaseException as error:  # noqa: BLE001 - it goes to the caller
        link.send(number, wire.ERROR, _pack_error(error))
        return
    finally:
        for variable, token in tokens:
            variable.reset(token)
        del arguments
        if link.memory is not None:
            link.note_memory()
    if isinstance(result, CoroutineType | GeneratorType):
        result.close()
        link.say(number, wire.REFUSED, f"it returned a {type(result).__name__} and did not do its work: {PLAIN}")
        return
    try:
        payload = wire.pack(None, [result])
        link.send(number, wire.VALUE, payload)
    except OSError:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever pickling runs
        link.say(number, wire.REFUSED, f"the result can't be sent back: {type(error).__name__}: {error}")


class _Refused(Exception):
    """Raised when a stream can't go on, with what its consumer is told."""


def _give_out(link: Link, number: int, calls: Any, made: Any) -> None:
    """Send each item, some items ahead of the consumer; end with the last one, or when it wants no more."""
    if not hasattr(made, "__iter__"):
        if isinstance(made, CoroutineType):
            made.close()
        raise _Refused(f"it returned a {type(made).__name__}: {ITERABLE}")
    items = iter(made)
    sent = taken = shared = 0  # counts; `shared`: up to the last item that went through the arena

    def wait_until(count: int) -> None:
        nonlocal taken
        while taken < count and not link.is_stopped(number):
            frame = next(calls, None)
            if frame is None:
                raise SystemExit  # the lane is gone
            taken += frame.number == number

    try:
        while not link.is_stopped(number):
            try:
                item = next(items)
            except StopIteration:
                break
            try:
                payload = wire.pack(None, [item])
            except Exception as error:
                raise _Refused(f"an item can't be sent: {type(error).__name__}: {error}") from error
            is_shared = wire.is_shared(payload[0], payload[2])
            # The arena holds one payload at a time.
            wait_until(shared if is_shared else sent + 1 - wire.AHEAD)
            if link.is_stopped(number):
                break
            link.send(number, wire.ITEM, payload)
            sent += 1
            shared = sent if is_shared else shared
            del item, payload
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()
        wait_until(shared)  # an error may need the arena


def _pack_error(error: BaseException) -> tuple[bytes, int, list[memoryview]]:
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next  # the user's code begins below
    told = "".join(traceback.format_exception(type(error), error, frames))
    try:
        payload: tuple[bytes, int, list[memoryview]] = wire.pack(told, [error])
        pickle.loads(payload[0], buffers=[bytearray(b) for b in payload[2]])  # noqa: S301 - our own: can it be made again?
    except BaseException as problem:  # noqa: BLE001 - whatever pickling runs
        payload = wire.pack(f"{told}\nIt can't be sent as it is: {type(problem).__name__}: {problem}", [None])
    return payload


def _set_up(link: Link, settings: dict[str, Any]) -> list[Any]:
    sys.path[:] = settings["path"]
    if settings["nice"]:
        os.nice(settings["nice"])
    if settings["batch"] and hasattr(os, "SCHED_BATCH"):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    if settings["memory"] is not None:
        link.memory = settings["memory"]
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        limit = 2 * settings["memory"]
        resource.setrlimit(resource.RLIMIT_DATA, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))
    logging.root.addHandler(Forward(link))
    logging.root.setLevel(settings["log_level"])
    logging.captureWarnings(True)
    for name in settings["preload"]:
        importlib.import_module(name)
    if (initializer := pickle.loads(settings["initializer"])) is not None:  # noqa: S301 - from our own parent
        initializer()
    return [getattr(importlib.import_module(module), name) for module, name in settings["context"]]


def _die_with(parent: int) -> None:
    """Make the kernel kill this process when the thread that started it ends, however busy this one is."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)  # it ended before that was in force


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
