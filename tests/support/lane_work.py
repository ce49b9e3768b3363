"""What the lanes run in their tests. Workers import it by its name."""

from __future__ import annotations

import contextvars
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

REQUEST_ID: contextvars.ContextVar[str] = contextvars.ContextVar("REQUEST_ID", default="unset")


class OrderRefused(Exception):
    """An error as applications have them: with arguments and a field of its own."""

    def __init__(self, order: int, reason: str) -> None:
        super().__init__(order, reason)
        self.order = order
        self.reason = reason


def add(a: int, b: int, *, scale: int = 1) -> int:
    return (a + b) * scale


def double(number: int) -> int:
    return 2 * number


def refuse(order: int) -> int:
    raise OrderRefused(order, "no lamps left")


def refuse_odd(order: int) -> int:
    return refuse(order) if order % 2 else order


def exit_with(code: int) -> None:
    sys.exit(code)


def interrupt() -> None:
    raise KeyboardInterrupt


def stop_iteration() -> None:
    raise StopIteration


def time_out() -> None:
    raise TimeoutError("the function's own")


def request_id() -> str:
    return REQUEST_ID.get()


def thread_name() -> str:
    return threading.current_thread().name


def process_id() -> int:
    return os.getpid()


def hold(folder: str, name: str) -> str:
    """Say that it runs, then wait until it is told to end. It gives up after a minute, which only guards a hang."""
    (Path(folder) / f"{name}.runs").touch()
    deadline = time.monotonic() + 60
    while not (Path(folder) / f"{name}.end").exists() and time.monotonic() < deadline:
        time.sleep(0.002)
    (Path(folder) / f"{name}.ended").touch()
    return name


async def coroutine_function() -> int:
    return 1


def returns_a_coroutine() -> object:
    return coroutine_function()


def generator_function() -> Iterator[int]:
    yield 1


def returns_a_generator() -> object:
    return (number for number in range(3))


class AsyncCallable:
    async def __call__(self) -> int:
        return 1


def nap() -> None:
    time.sleep(0.02)


class Unreadable(Exception):
    """An error that can be pickled, but not made again: its arguments are not those of its constructor."""

    def __init__(self, order: int, reason: str) -> None:
        super().__init__(f"order {order}: {reason}")


class UnreadableResult:
    """A value that can be pickled, but not made again."""

    def __reduce__(self) -> tuple[type[int], tuple[str]]:
        return int, ("no number",)


class Unpicklable(Exception):
    """An error that holds what can't be pickled."""

    def __init__(self) -> None:
        super().__init__("it holds a lock")
        self.lock = threading.Lock()


def raise_unreadable() -> None:
    raise Unreadable(7, "no lamps left")


def raise_unpicklable() -> None:
    raise Unpicklable


def return_unreadable() -> UnreadableResult:
    return UnreadableResult()


def return_a_lambda() -> object:
    return lambda: 1


def returned(anything: object) -> object:
    return anything


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hold_and_ignore_sigterm(folder: str, name: str) -> str:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return hold(folder, name)
