"""What the tests of ProcessLane run in its workers."""

from __future__ import annotations

import ctypes
import logging
import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

INITIALIZED: list[str] = []


class Unpicklable(Exception):
    def __init__(self) -> None:
        super().__init__("it holds a lock")
        self.lock = threading.Lock()


class NotRestorable(Exception):
    """Its arguments are not what its constructor wants, so pickle can't make it again."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def echo(value: object) -> object:
    return value


def flip(value: bytearray) -> bytearray:
    value[0] ^= 0xFF
    return value


def raise_unpicklable() -> None:
    raise Unpicklable


def raise_not_restorable() -> None:
    raise NotRestorable(1, 2)


def return_lock() -> object:
    return threading.Lock()


def leave(code: int) -> None:
    os._exit(code)


def abort() -> None:
    os.abort()


def crash() -> None:
    ctypes.string_at(0)


def recurse(depth: int) -> int:
    return recurse(depth + 1) + 1


def overflow() -> None:
    sys.setrecursionlimit(10**9)
    threading.stack_size(128 * 1024)
    nest: object = ()
    for _ in range(10_000_000):
        nest = (nest,)
    hash(nest)  # recurses in C, beyond any limit of Python's


def too_large(length: int) -> bytes:
    return bytes(length)


def need(length: int) -> int:
    kept = bytearray(length)
    kept[::4096] = b"x" * len(range(0, length, 4096))
    return os.getpid()


def fork_inside() -> int:
    child = os.fork()
    if child == 0:
        return -1  # goes on as if it were the worker
    os.waitpid(child, 0)
    return os.getpid()


def print_much(count: int) -> int:
    print("x" * count)
    sys.stdout.flush()
    return count


def say(text: str) -> int:
    logging.getLogger("shop.work").warning("%s: %d", text, 42)
    logging.getLogger("shop.work").debug("too quiet")
    try:
        raise ValueError("inside")
    except ValueError:
        logging.getLogger("shop.work").exception("with a traceback")
    return os.getpid()


def say_much(size: int) -> bytes:
    logging.getLogger("shop.work").warning("𝕏" * size, extra={"more": "𝕏" * size})
    return bytes(size)


def warn() -> None:
    warnings.warn("mind the gap", UserWarning, stacklevel=2)


def scheduling() -> tuple[int, int]:
    return os.nice(0), os.sched_getscheduler(0)


def descriptors_of_a_child() -> list[str]:
    code = "import os; print(*(os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') if n > '2'))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, close_fds=False)
    return shown.stdout.split()


def remember_initialization() -> None:
    INITIALIZED.append("done")


def initialized() -> list[str]:
    return INITIALIZED


def fail_to_initialize() -> None:
    raise RuntimeError("no licence")


def burn(marker: str) -> None:
    Path(marker).write_text(str(os.getpid()))
    while True:
        sum(range(1000))


def work(number: int, seconds: float) -> int:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return number


def work_and_fail(number: int, seconds: float) -> None:
    work(number, seconds)
    raise LookupError(number)


def time_stands_still() -> None:
    threading.Event().wait()


def items_of(number: int, fails: bool) -> Iterator[tuple[int, int, bytes]]:
    """Thirty items, small and large, that tell whose they are."""
    for index in range(30):
        time.sleep(0.001)
        yield index, number, bytes([number % 251]) * (200_000 if index % 7 == number % 7 else 10)
    if fails:
        raise LookupError(number)


def what_is_loaded() -> set[str]:
    return {name.partition(".")[0] for name in sys.modules} & {"loopline", "opentelemetry", "fastapi", "sqlalchemy"}
