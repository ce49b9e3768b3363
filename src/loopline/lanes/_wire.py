"""What passes between a process lane and its workers: frames on a socket, big payloads in shared memory.

A worker loads this file by itself, without the library around it, so that it starts quickly: only the standard library.
"""

from __future__ import annotations

import mmap
import os
import pickle
import struct
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

__all__ = [
    "AHEAD",
    "CALL",
    "ERROR",
    "EXITED",
    "FAILED",
    "INLINE",
    "ITEM",
    "LOG",
    "MOST",
    "READY",
    "REFUSED",
    "RETAIN",
    "STREAM",
    "TAKEN",
    "VALUE",
    "Arena",
    "Frame",
    "Frames",
    "TooLarge",
    "frame",
    "is_shared",
    "lay_out",
    "pack",
    "unpack",
]

# What a frame says.
CALL: Final = 1  # to the worker: run this
VALUE: Final = 2  # from the worker: it returned this
ERROR: Final = 3  # from the worker: it raised this
REFUSED: Final = 4  # from the worker: the call or its result can't be carried; why, as text
EXITED: Final = 5  # from the worker: the function asked the process to exit; how, as text
READY: Final = 6  # from the worker: it can take calls
FAILED: Final = 7  # from the worker: it could not start; why, as text
LOG: Final = 8  # from the worker: a logging record
STREAM: Final = 9  # to the worker: run this and send each item that it gives; VALUE follows the last
ITEM: Final = 10  # from the worker: the next item
TAKEN: Final = 11  # to the worker: an item was taken, or the stream is to be stopped; the arena's mark says so

AHEAD: Final = 16  # items that a generator may be ahead of its consumer

INLINE: Final = 64 * 1024  # bytes; a bigger payload goes through the arena
RETAIN: Final = 32 * 1024 * 1024  # bytes that an arena keeps between calls
MOST: Final = 1024 * 1024 * 1024  # bytes that one call or one result may have

# call number, kind, count of owned buffers, length of the pickle, length in the arena (0: it follows in the frame)
_HEADER = struct.Struct("<IHxxIQQ")
_MARK = struct.Struct("<I")
_BASE = 64  # where an arena's payload begins; before it stands the mark
_FRAME = 4 * INLINE  # bytes of the receiving buffer

_HOLES: dict[type, Callable[[memoryview], Any]] = {
    bytes: bytes,
    bytearray: bytearray,
    memoryview: lambda view: memoryview(bytes(view)),
}


class TooLarge(ValueError):
    """Raised when a payload has more bytes than may be carried."""


class Frame(NamedTuple):
    """One frame as it was received. Its content is valid until the next read."""

    number: int
    kind: int
    owned: int
    length: int
    shared: int
    inline: memoryview


def pack(head: Any, values: Sequence[Any]) -> tuple[bytes, int, list[memoryview]]:
    """Pickle ``(head, values)``. Large bytes among the values, and buffers that the pickle owns, are kept out of it.

    Returns:
        The pickle, how many of the buffers it owns, and the buffers: its own, then the values' bytes.

    Raises:
        TooLarge: If it is all too much.
        Exception: What pickle raises.
    """
    holes: list[tuple[int, str, int]] = []
    lent: list[memoryview] = []
    for index, value in enumerate(values):
        kind = type(value)
        if kind in _HOLES and (kind is memoryview or len(value) > INLINE):
            if not holes:
                values = list(values)
            view = memoryview(value)
            view = (view if view.contiguous else memoryview(view.tobytes())).cast("B")
            holes.append((index, kind.__name__, view.nbytes))
            lent.append(view)
            values[index] = None  # type: ignore[index]
    own: list[pickle.PickleBuffer] = []
    body = pickle.dumps((head, values, holes), 5, buffer_callback=own.append)
    if not own and not lent and len(body) <= INLINE:
        return body, 0, lent
    buffers = [buffer.raw() for buffer in own] + lent
    total = len(body) + sum(buffer.nbytes for buffer in buffers)
    if total > MOST:
        raise TooLarge(f"{total:,} bytes")
    return body, len(own), buffers


def is_shared(body: bytes, buffers: Sequence[memoryview]) -> bool:
    """Whether what ``pack`` returned goes through the arena."""
    return bool(buffers) or len(body) > INLINE


def unpack(content: memoryview, owned: int, length: int) -> tuple[Any, Sequence[Any]]:
    """Return the ``(head, values)`` that ``pack`` was given. Nothing in them points into ``content``."""
    if not owned:
        head, values, holes = pickle.loads(content[:length])  # noqa: S301 - from our own worker, or our own parent
        end = length
    else:
        start = owned * 8
        sizes = struct.unpack_from(f"<{owned}Q", content)
        end = start + length
        own: list[bytearray] = []
        for size in sizes:
            end = _aligned(end)
            own.append(bytearray(content[end : end + size]))
            end += size
        head, values, holes = pickle.loads(content[start : start + length], buffers=own)  # noqa: S301 - as above
    for index, kind, size in holes:
        end = _aligned(end)
        with content[end : end + size] as part:  # let go at once, even if a debugger holds on to the frame
            values[index] = _REBUILD[kind](part)
        end += size
    return head, values


_REBUILD = {kind.__name__: rebuild for kind, rebuild in _HOLES.items()}


def _aligned(offset: int) -> int:
    return (offset + 63) & ~63


def lay_out(body: bytes, owned: int, buffers: Sequence[memoryview]) -> Iterator[tuple[int, bytes | memoryview]]:
    """Give the parts of a payload with their offsets, as ``unpack`` expects them; what lies between them is nothing."""
    end = owned * 8
    if owned:
        yield 0, struct.pack(f"<{owned}Q", *[buffer.nbytes for buffer in buffers[:owned]])
    yield end, body
    end += len(body)
    for buffer in buffers:
        end = _aligned(end)
        yield end, buffer
        end += buffer.nbytes


class Arena:
    """Shared memory for one direction: one side writes, the other reads, in turns. It has no name to leave behind.

    Args:
        descriptor: What ``make`` returned, here or in the process that handed it on.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._map = mmap.mmap(descriptor, os.fstat(descriptor).st_size)

    @staticmethod
    def make() -> int:
        """Return the descriptor of new shared memory: a memfd, or an unlinked file where there is none."""
        if hasattr(os, "memfd_create"):
            descriptor = os.memfd_create("loopline", os.MFD_CLOEXEC)
        else:
            with tempfile.TemporaryFile(buffering=0) as file:
                descriptor = os.dup(file.fileno())
        os.ftruncate(descriptor, mmap.PAGESIZE)
        return descriptor

    @property
    def mark(self) -> int:
        """A number that both sides see at once."""
        return int(_MARK.unpack_from(self._map)[0])

    @mark.setter
    def mark(self, number: int) -> None:
        _MARK.pack_into(self._map, 0, number)

    @property
    def full(self) -> bool:
        """Whether the worker has needed more memory than it should; both sides see it at once."""
        return bool(self._map[_MARK.size])

    @full.setter
    def full(self, full: bool) -> None:
        self._map[_MARK.size] = full

    def write(self, parts: Sequence[tuple[int, bytes | memoryview]]) -> int:
        """Write the parts, growing as needed, and return the length of it all."""
        offset, last = parts[-1]
        length = offset + (len(last) if isinstance(last, bytes) else last.nbytes)
        if os.fstat(self.descriptor).st_size < _BASE + length:
            os.ftruncate(self.descriptor, _BASE + length)
        view = self._view(length)
        for offset, part in parts:
            view[offset : offset + (len(part) if isinstance(part, bytes) else part.nbytes)] = part
        view.release()
        return length

    def read(self, length: int) -> memoryview:
        """Return what was written. Release it before the next call."""
        return self._view(length)

    def shrink(self) -> None:
        """Give back what is held beyond RETAIN. Only the reader may, before it lets the writer write again."""
        if os.fstat(self.descriptor).st_size > RETAIN:
            os.ftruncate(self.descriptor, RETAIN)

    def close(self) -> None:
        """Unmap it and close the descriptor."""
        self._map.close()
        os.close(self.descriptor)

    def _view(self, length: int) -> memoryview:
        if len(self._map) < _BASE + length:
            grown = mmap.mmap(self.descriptor, _BASE + length)
            self._map.close()
            self._map = grown
        with memoryview(self._map) as whole:
            return whole[_BASE : _BASE + length]


def frame(
    number: int, kind: int, body: bytes, owned: int = 0, buffers: Sequence[memoryview] = (), arena: Arena | None = None
) -> bytes:
    """Return a frame to send; what does not fit inline is written to the arena."""
    if not is_shared(body, buffers):
        return _HEADER.pack(number, kind, 0, len(body), 0) + body
    parts = list(lay_out(body, owned, buffers))
    if arena is None:
        raise TooLarge(f"{len(body):,} bytes")
    return _HEADER.pack(number, kind, owned, len(body), arena.write(parts))


class Frames:
    """Frames cut out of a stream of bytes: receive into ``space()``, then read what ``received(n)`` gives."""

    def __init__(self) -> None:
        self._buffer = memoryview(bytearray(_FRAME))
        self._start = self._end = 0

    def space(self) -> memoryview:
        """Where the next bytes go; frames that were given before are overwritten. A frame always fits."""
        if self._start:
            rest = self._end - self._start
            if rest:
                self._buffer[:rest] = bytes(self._buffer[self._start : self._end])
            self._start, self._end = 0, rest
        return self._buffer[self._end :] if self._end else self._buffer

    def received(self, count: int) -> list[Frame]:
        """Take ``count`` more bytes and return the frames that are complete."""
        self._end += count
        frames = []
        while self._end - self._start >= _HEADER.size:
            number, kind, owned, length, shared = _HEADER.unpack_from(self._buffer, self._start)
            start = self._start + _HEADER.size
            end = start if shared else start + length
            if end > self._end:
                break
            self._start = end
            frames.append(Frame(number, kind, owned, length, shared, self._buffer[start:end]))
        return frames
