"""What runs on a Ray cluster: a call, or a generator in an actor. Workers there import it by its name."""

from __future__ import annotations

import importlib
import pickle
import traceback
from collections.abc import Iterator
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from pathlib import Path
from types import CoroutineType, GeneratorType
from typing import Any, TypeAlias

from loopline.lanes import _callable
from loopline.lanes import _wire as wire
from loopline.lanes._ray_wire import Payload, blob_of

__all__ = ["Answer", "Generator", "Shared", "run_call"]

Answer: TypeAlias = bytes | tuple[int, int, int, Any]
"""What goes back: the kind of frame, then what a ``Payload`` has; in one ``bytes``, which Ray need not pickle, where a
pickle is all there is."""

PLAIN = "await async functions on the event loop, and give the lane a plain function"
ITERABLE = "give stream() a generator function, or one that returns something to iterate over"
HERE = str(Path(__file__).parent)

_shared: ContextVar[Payload | None] = ContextVar("_shared", default=None)


class Shared:
    """A function that many calls share: it is sent once, and each call only says that it wants it.

    Args:
        fn: The function, with the large arguments that a ``functools.partial`` holds.
        packed: What ``wire.pack`` made of it.
    """

    def __init__(self, fn: Any, packed: tuple[bytes, int, list[memoryview]]) -> None:
        self.fn = fn
        self.packed = packed
        self.__qualname__ = _callable.name_of(fn)
        self.__module__ = _callable.module_of(fn)

    def __call__(self, *args: Any) -> Any:
        """Call the function."""
        return self.fn(*args)

    def __reduce__(self) -> tuple[Any, tuple[()]]:
        return _unpack_shared, ()


def _unpack_shared() -> Any:
    payload = _shared.get()
    assert payload is not None
    return wire.unpack(memoryview(payload.blob), payload.owned, payload.length)[1][0]


class _Refused(Exception):
    """Raised when a call can't be done, with what its caller is told."""


class _Call:
    """A call that has arrived."""

    def __init__(self, payload: Payload, shared: Payload | None) -> None:
        self.context: Context = copy_context()
        try:
            self.context.run(_shared.set, shared)
            (self.fn, values), self.args = self.context.run(
                wire.unpack, memoryview(payload.blob), payload.owned, payload.length
            )
            for (module, name), value in values:
                self.context.run(getattr(importlib.import_module(module), name).set, value)
        except BaseException as error:
            raise _Refused(
                "the call can't be read on the cluster. The modules that it needs, and loopline, must be there: in the "
                f"image of its nodes, or by runtime_env={{…}}.\n{traceback.format_exc()}"
            ) from error

    def __call__(self) -> Any:
        return self.context.run(self.fn, *self.args)


def run_call(
    blob: Any,
    payload: tuple[int, int] | None = None,
    shared_blob: Any = None,
    shared: tuple[int, int] = (0, 0),
    *,
    beside: bool = True,
) -> Answer:
    """Run a call. A small one is its pickle and nothing else, since Ray pickles each argument by itself.

    Args:
        blob: The packed call.
        payload: What a ``Payload`` says of the blob, where it is more than a pickle.
        shared_blob: The function that calls share, packed, if this one does.
        shared: What a ``Payload`` says of that.
        beside: Whether a large answer may be a buffer of its own, which Ray then copies once less.

    Returns:
        What it came to. No error of the function, nor one of pickling, is an error of Ray's.
    """
    try:
        call = _Call(
            Payload(*(payload or (0, len(blob))), blob),
            None if shared_blob is None else Payload(*shared, shared_blob),
        )
        result = call()
        if isinstance(result, CoroutineType | GeneratorType):
            result.close()
            raise _Refused(f"it returned a {type(result).__name__} and did not do its work: {PLAIN}")
        try:
            return _answer(wire.VALUE, wire.pack(None, [result]), beside)
        except Exception as error:
            raise _Refused(f"the result can't be sent back: {type(error).__name__}: {error}") from error
    except BaseException as error:  # noqa: BLE001 - it goes to the caller
        return _failure(error, beside)


class Generator:
    """A generator, in an actor of its own for as long as its stream lives.

    Args:
        blob: The packed call that makes it.
        payload: What a ``Payload`` says of the blob.
        beside: Whether a large item may be a buffer of its own.
    """

    def __init__(self, blob: Any, payload: tuple[int, int], *, beside: bool = True) -> None:
        self._payload = Payload(*payload, blob)
        self._beside = beside
        self._items: Iterator[Any] | None = None
        self._context = copy_context()
        self._stopping = False
        self._end: Answer | None = None

    def stop(self) -> None:
        """Let it end with the item that it is making. Runs beside ``take``."""
        self._stopping = True

    def take(self, *, stop: bool = False) -> Answer:
        """Return the next item, or its end: VALUE after the last item, or what went wrong.

        Args:
            stop: Close it instead.
        """
        self._stopping = self._stopping or stop
        if self._end is None:
            try:
                return self._next()
            except BaseException as error:  # noqa: BLE001 - it goes to the consumer
                self._end = _failure(error, self._beside)
        return self._end

    def _next(self) -> Answer:
        if self._items is None and not self._stopping:
            self._begin()
        try:
            if not self._stopping:
                assert self._items is not None
                item = self._context.run(next, self._items)
                if not self._stopping:
                    try:
                        return _answer(wire.ITEM, wire.pack(None, [item]), self._beside)
                    except Exception as error:
                        raise _Refused(f"an item can't be sent: {type(error).__name__}: {error}") from error
        except StopIteration:
            pass
        except BaseException:
            with suppress(BaseException):
                self._close()
            raise
        self._close()
        self._end = _answer(wire.VALUE, wire.pack(None, [None]), self._beside)
        return self._end

    def _begin(self) -> None:
        call = _Call(self._payload, None)
        self._context = call.context
        made = call()
        if not hasattr(made, "__iter__"):
            if isinstance(made, CoroutineType):
                made.close()
            raise _Refused(f"it returned a {type(made).__name__}: {ITERABLE}")
        self._items = iter(made)

    def _close(self) -> None:
        close = getattr(self._items, "close", None)
        if close is not None:
            self._context.run(close)


def _answer(kind: int, packed: tuple[bytes, int, list[memoryview]], beside: bool) -> Answer:
    if not packed[2] and len(packed[0]) <= wire.INLINE:
        return bytes((kind,)) + packed[0]
    owned, length, blob = blob_of(*packed)
    if beside:
        return kind, owned, length, pickle.PickleBuffer(blob)
    return kind, owned, length, bytes(blob)


def _failure(error: BaseException, beside: bool) -> Answer:
    if isinstance(error, _Refused):
        return _text(wire.REFUSED, str(error))
    if isinstance(error, SystemExit):
        return _text(wire.EXITED, f"sys.exit({error.code!r})")
    frames = error.__traceback__
    while frames is not None and str(Path(frames.tb_frame.f_code.co_filename).parent) == HERE:
        frames = frames.tb_next  # the user's code begins below
    told = "".join(traceback.format_exception(type(error), error, frames))
    try:
        packed = wire.pack(told, [error])
        pickle.loads(packed[0], buffers=[bytearray(b) for b in packed[2]])  # noqa: S301 - our own: can it be made again?
    except BaseException as problem:  # noqa: BLE001 - whatever pickling runs
        packed = wire.pack(f"{told}\nIt can't be sent as it is: {type(problem).__name__}: {problem}", [None])
    return _answer(wire.ERROR, packed, beside)


def _text(kind: int, text: str) -> Answer:
    return bytes((kind,)) + text.encode(errors="replace")[: wire.INLINE]
