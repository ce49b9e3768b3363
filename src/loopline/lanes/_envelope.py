"""What an executor is given and gives back: a call and its outcome, which no failure to pickle can harm.

A ProcessPoolExecutor whose worker can't read a call, or whose parent can't read a result, breaks, and with it every
other call in flight. So what crosses is packed in bytes first, and a failure to pack or unpack is an outcome too.
Where nothing is pickled, as in a ThreadPoolExecutor, nothing of this happens.
"""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Mapping
from multiprocessing.reduction import ForkingPickler
from typing import Any, Generic, TypeVar

from loopline._tracer import TRACE
from loopline.errors import ConfigurationError, RemoteError
from loopline.lanes._callable import call_plain, name_of

__all__ = ["Call", "Outcome"]

R = TypeVar("R")

ADVICE = (
    "Define functions and classes at the top of an importable module (no lambda, nothing nested, nothing in the "
    "program's own __main__), and send plain data."
)


class Outcome(Generic[R]):
    """What a call came to: a value or an error.

    Args:
        name: What messages call the function.
        value: What it returned.
        error: What it raised, if it did.
    """

    def __init__(self, name: str, value: Any, error: Exception | None) -> None:
        self._name = name
        self._value = value
        self._error = error

    def get(self) -> R:
        """Return the value, or raise the error."""
        try:
            if self._error is not None:
                raise self._error
            value: R = self._value
            return value
        finally:
            del self  # an error's traceback would hold this frame, which holds the error

    def __reduce__(self) -> tuple[Callable[..., Outcome[Any]], tuple[str, bytes, str]]:
        if self._error is not None:
            return _failed, (self._name, *_packed_error(self._error))
        try:
            return _returned, (self._name, _pack(self._value), type(self._value).__qualname__)
        except Exception as error:  # noqa: BLE001 - whatever pickling runs
            refusal = ConfigurationError(
                f"{self._name} returned a {type(self._value).__qualname__} that can't be sent back: {error}. {ADVICE}"
            )
            return _failed, (self._name, *_packed_error(refusal))


class Call(Generic[R]):
    """A function with its arguments, called where the executor runs it.

    Args:
        fn: The function.
        args: Its arguments.
        trace: The trace that it belongs to, where there is one.
    """

    def __init__(self, fn: Callable[..., R], args: tuple[Any, ...], trace: Mapping[str, str] | None = None) -> None:
        self._fn = fn
        self._args = args
        self._trace = trace

    def __call__(self) -> Outcome[R]:
        """Call the function and return what it came to."""
        token = None if self._trace is None else TRACE.set(self._trace)
        try:
            return Outcome(name_of(self._fn), call_plain(self._fn, self._args), None)
        except Exception as error:  # noqa: BLE001 - every error of the call is its outcome
            return Outcome(name_of(self._fn), None, error)
        finally:
            TRACE.reset(token)

    def __reduce__(self) -> tuple[Callable[..., Callable[[], Outcome[Any]]], tuple[str, bytes] | tuple[str, str]]:
        name = name_of(self._fn)
        try:
            return _opened, (name, _pack((self._fn, self._args, self._trace)))
        except Exception as error:  # noqa: BLE001 - whatever pickling runs
            return _Refused, (name, f"{name} and its arguments can't be sent to a worker: {error}. {ADVICE}")


class _Refused:
    """Stands in the worker for a call that could not get there."""

    def __init__(self, name: str, why: str) -> None:
        self._name = name
        self._why = why

    def __call__(self) -> Outcome[Any]:
        return Outcome(self._name, None, ConfigurationError(self._why))


def _pack(content: object) -> bytes:
    # The pickler of multiprocessing also knows what other libraries have taught it, such as shared tensors.
    return bytes(ForkingPickler.dumps(content, pickle.HIGHEST_PROTOCOL))


def _opened(name: str, packed: bytes) -> Callable[[], Outcome[Any]]:
    try:
        return Call(*pickle.loads(packed))  # noqa: S301 - from our own parent
    except BaseException as error:  # noqa: BLE001 - whatever importing runs
        return _Refused(name, f"{name} and its arguments can't be read in the worker: {error}. {ADVICE}")


def _packed_error(error: Exception) -> tuple[bytes, str]:
    frames = error.__traceback__
    for _ in range(2):  # those of Call and call_plain; the user's code begins below
        frames = frames and frames.tb_next
    told = "".join(traceback.format_exception(type(error), error, frames))
    try:
        return _pack(error), told
    except Exception as problem:  # noqa: BLE001 - whatever pickling runs
        return b"", f"{told}It can't be sent as it is: {problem}"


def _returned(name: str, packed: bytes, kind: str) -> Outcome[Any]:
    try:
        return Outcome(name, pickle.loads(packed), None)  # noqa: S301 - from our own worker
    except Exception as error:  # noqa: BLE001 - whatever unpickling runs
        refusal = ConfigurationError(f"{name} returned a {kind} that can't be read here: {error}. {ADVICE}")
        return Outcome(name, None, refusal)


def _failed(name: str, packed: bytes, told: str) -> Outcome[Any]:
    try:
        error = pickle.loads(packed) if packed else None  # noqa: S301 - from our own worker
    except Exception as problem:  # noqa: BLE001 - whatever unpickling runs
        error, told = None, f"{told}It can't be read here: {problem}"
    if not isinstance(error, Exception):
        return Outcome(name, None, RemoteError(f"{name} failed in the worker:\n{told}"))
    error.add_note(f"In the worker:\n{told}")
    return Outcome(name, None, error)
