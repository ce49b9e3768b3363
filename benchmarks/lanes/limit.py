"""What two processes can do at best: a blocking ping-pong over a socket pair, with no event loop and no pool."""

from __future__ import annotations

import multiprocessing
import pickle
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["ping_pong"]

LENGTH = struct.Struct("<Q")
BUFFER = 4 * 1024 * 1024  # bytes asked for; the system may give less
SMALL = 64 * 1024  # bytes; a copy that saves a system call


@contextmanager
def ping_pong() -> Iterator[Callable[..., Any]]:
    """Start a process that runs what it is sent, pickled; give the blocking call."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        process = multiprocessing.get_context("forkserver").Process(target=_serve, args=(theirs,), daemon=True)
        process.start()

        def call(fn: Callable[..., Any], *args: Any) -> Any:
            _send(ours, (fn, args))
            return _receive(ours)

        try:
            yield call
        finally:
            process.kill()
            process.join()


def _serve(line: socket.socket) -> None:
    while True:
        fn, args = _receive(line)
        _send(line, fn(*args))


def _send(line: socket.socket, value: Any) -> None:
    body = pickle.dumps(value, 5)
    if len(body) <= SMALL:
        line.sendall(LENGTH.pack(len(body)) + body)
    else:
        line.sendall(LENGTH.pack(len(body)))
        line.sendall(body)


def _receive(line: socket.socket) -> Any:
    (length,) = LENGTH.unpack(_read(line, LENGTH.size))
    return pickle.loads(_read(line, length))


def _read(line: socket.socket, length: int) -> bytearray:
    content = bytearray(length)
    view = memoryview(content)
    while view:
        count = line.recv_into(view)
        if not count:
            raise EOFError("the other process has ended")
        view = view[count:]
    return content
