"""Functions of the C library that Python lacks, or would let the GIL go for: Linux, 64 bits; None elsewhere.

Each takes about a microsecond. Who lets the GIL go waits up to ``sys.getswitchinterval()`` to have it back.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

__all__ = ["ThreadTimer", "TimerDescriptor", "pread", "thread_timers", "timer_descriptors"]

_THREAD = 4  # SIGEV_THREAD_ID
_THREAD_CPU = 3  # CLOCK_THREAD_CPUTIME_ID
_MONOTONIC = 1  # CLOCK_MONOTONIC
_HERE = sys.platform == "linux" and sys.maxsize > 2**32


class _Event(ctypes.Structure):
    """struct sigevent."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("thread", ctypes.c_int),
        ("rest", ctypes.c_byte * 44),
    )


class _Times(ctypes.Structure):
    """struct itimerspec: the interval, and the time until the first."""

    _fields_ = tuple((name, ctypes.c_long) for name in ("again", "again_nano", "first", "first_nano"))


def _load(*names: str) -> list[Any]:
    for library in (None, "librt.so.1") if _HERE else ():  # before 2.34, glibc has the timers in the latter
        try:
            loaded = ctypes.PyDLL(library)
            return [getattr(loaded, name) for name in names]
        except (OSError, AttributeError):
            continue
    return [None] * len(names)


(_pread,) = _load("pread")
_create, _set, _delete = _load("timer_create", "timer_settime", "timer_delete")
thread_timers = _create is not None
_create_descriptor, _set_descriptor = _load("timerfd_create", "timerfd_settime")
timer_descriptors = _create_descriptor is not None


def pread(descriptor: int, length: int) -> bytes:
    """Read a file from its beginning, without letting the GIL go: for files of the kernel's, which wait for no disk.

    Args:
        descriptor: The file's.
        length: How many bytes, at most.

    Raises:
        OSError: If it can't be read.
    """
    buffer = ctypes.create_string_buffer(length)
    count: int = _pread(descriptor, buffer, ctypes.c_size_t(length), ctypes.c_long(0))
    if count < 0:
        raise OSError("it can't be read")
    return buffer.raw[:count]


def _time(seconds: float) -> tuple[int, int]:
    """Return a struct timespec."""
    whole = int(seconds)
    return whole, int((seconds - whole) * 1e9)


class ThreadTimer:
    """A timer of the processor time of one thread, which sends that thread a signal, again and again (timer_create(2)).

    It does not outlive the program: not ``exec``, nor is it there after ``fork``.

    Args:
        native: The system's number for the thread, which must be the one that calls.
        signal: Which signal.
        seconds: Of processor time, from one to the next.

    Raises:
        OSError: If the kernel gives none.
    """

    def __init__(self, native: int, signal: int, seconds: float) -> None:
        once = _time(seconds)
        self._times = ctypes.byref(_Times(*once, *once))
        self._timer = ctypes.c_void_p()
        event = _Event(None, signal, _THREAD, native)
        if _create(_THREAD_CPU, ctypes.byref(event), ctypes.byref(self._timer)) != 0:
            raise OSError("the kernel gives no timer of a thread's processor time")

    def set(self) -> None:
        """Begin to count anew."""
        _set(self._timer, 0, self._times, None)

    def close(self) -> None:
        """Count no more."""
        _delete(self._timer)


class TimerDescriptor:
    """A timer that ends once, and then is a file that can be read (timerfd_create(2)). It does not outlive ``exec``.

    Args:
        seconds: How long it lasts, from when it is set.

    Attributes:
        descriptor: The file's.

    Raises:
        OSError: If the kernel gives none.
    """

    def __init__(self, seconds: float) -> None:
        self._times = ctypes.byref(_Times(0, 0, *_time(seconds)))
        self.descriptor: int = _create_descriptor(_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self.descriptor < 0:
            raise OSError("the kernel gives no timer")

    def set(self) -> None:
        """Begin anew."""
        _set_descriptor(self.descriptor, 0, self._times, None)

    def close(self) -> None:
        """Let it go."""
        os.close(self.descriptor)
