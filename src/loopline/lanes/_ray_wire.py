"""What passes between a Ray lane and its bridge: frames on a socket, each big payload in shared memory of its own."""

from __future__ import annotations

import mmap
import os
import socket
import struct
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from loopline.lanes import _wire as wire

__all__ = [
    "CANCEL",
    "LOST",
    "SHARE",
    "STOP",
    "UNSHARE",
    "Frame",
    "Frames",
    "Payload",
    "blob_of",
    "head",
    "in_memory",
    "payload_of",
    "receive",
]

# What a frame says, beside what those of the process lane do.
CANCEL: Final = 20  # to the bridge: end the call or the stream, whatever it does
STOP: Final = 21  # to the bridge: close the generator at its next item
SHARE: Final = 22  # to the bridge: keep this for calls to come
UNSHARE: Final = 23  # to the bridge: none will come any more
LOST: Final = 24  # from the bridge: what ran the call is gone; how, as text

# call number, kind, number of what it shares, count of owned buffers, length of the pickle, length of the payload
_HEADER = struct.Struct("<IHxxIIQQ")
_SPACE = 4 * wire.INLINE  # bytes that are received at once


class Payload(NamedTuple):
    """A packed payload that is on its way.

    Attributes:
        owned: How many of its buffers the pickle owns.
        length: Bytes of the pickle.
        blob: All of it, as ``wire.unpack`` reads it.
    """

    owned: int
    length: int
    blob: bytes | bytearray | memoryview


class Frame(NamedTuple):
    """One frame as it was received."""

    number: int
    kind: int
    shares: int
    payload: Payload


def blob_of(body: bytes, owned: int, buffers: Sequence[memoryview]) -> Payload:
    """Return what ``wire.pack`` returned as one blob."""
    if not buffers:
        return Payload(0, len(body), body)
    parts = list(wire.lay_out(body, owned, buffers))
    offset, last = parts[-1]
    blob = bytearray(offset + memoryview(last).nbytes)
    for offset, part in parts:
        blob[offset : offset + memoryview(part).nbytes] = part
    return Payload(owned, len(body), blob)


def in_memory(body: bytes, owned: int, buffers: Sequence[memoryview]) -> tuple[int, int, int, int]:
    """Write what ``wire.pack`` returned to new shared memory. It takes as long as copying does: for a thread.

    Returns:
        How many buffers the pickle owns, its length, that of it all, and the descriptor, which the caller closes.
    """
    descriptor = wire.Arena.make()
    try:
        end = 0
        for offset, part in wire.lay_out(body, owned, buffers):
            view = memoryview(part).cast("B")
            end = offset + view.nbytes
            while view.nbytes:
                written = os.pwrite(descriptor, view, end - view.nbytes)
                view = view[written:]
        os.ftruncate(descriptor, max(end, 1))
    except BaseException:
        os.close(descriptor)
        raise
    return owned, len(body), end, descriptor


def payload_of(owned: int, length: int, size: int, descriptor: int) -> Payload:
    """Map the shared memory that ``in_memory`` wrote, and close the descriptor."""
    try:
        return Payload(owned, length, memoryview(mmap.mmap(descriptor, size)))
    finally:
        os.close(descriptor)


def head(number: int, kind: int, shares: int = 0, owned: int = 0, length: int = 0, size: int = 0) -> bytes:
    """Return what a frame begins with. ``size`` is 0 if the payload follows, else it is in shared memory."""
    return _HEADER.pack(number, kind, shares, owned, length, size)


def receive(line: socket.socket) -> tuple[bytes, list[int]]:
    """Receive bytes, and the descriptors that came with them."""
    got, descriptors, _, _ = socket.recv_fds(line, _SPACE, 64)
    return got, descriptors


class Frames:
    """Frames cut out of what was received."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._descriptors: deque[int] = deque()

    def received(self, got: bytes, descriptors: Sequence[int]) -> list[Frame]:
        """Take more bytes, and the descriptors that came with them; return the frames that are complete."""
        self._rest += got
        self._descriptors.extend(descriptors)
        frames, start = [], 0
        while len(self._rest) - start >= _HEADER.size:
            number, kind, shares, owned, length, size = _HEADER.unpack_from(self._rest, start)
            begin = start + _HEADER.size
            end = begin if size else begin + length
            if end > len(self._rest):
                break
            payload = (
                payload_of(owned, length, size, self._descriptors.popleft())
                if size
                else Payload(0, length, bytes(self._rest[begin:end]))
            )
            frames.append(Frame(number, kind, shares, payload))
            start = end
        del self._rest[:start]
        return frames

    def close(self) -> None:
        """Close the descriptors of frames that never came whole."""
        while self._descriptors:
            os.close(self._descriptors.popleft())
