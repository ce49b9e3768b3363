"""What a lane can run: plain functions. Everything else is refused with what to write instead."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import BuiltinFunctionType, FunctionType
from typing import Any, TypeVar, TypeVarTuple

from loopline.errors import ConfigurationError, WorkerLost

__all__ = [
    "call_plain",
    "check_callable",
    "check_result",
    "check_source",
    "innermost",
    "items_of",
    "module_of",
    "name_of",
]

_NOT_PLAIN = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_GENERATOR

R = TypeVar("R")
Ts = TypeVarTuple("Ts")


def innermost(fn: Any) -> Any:
    """Return what is called in the end, behind all ``functools.partial``."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    return fn


def module_of(fn: Callable[..., Any]) -> str:
    """Return the name of the module that the function is from."""
    return str(getattr(innermost(fn), "__module__", None) or "")


def name_of(fn: Callable[..., Any]) -> str:
    """Return what messages call the function."""
    fn = innermost(fn)
    return str(getattr(fn, "__qualname__", None) or type(fn).__qualname__)


def check_callable(fn: Callable[..., Any]) -> None:
    """Refuse what would not do its work in the lane.

    Raises:
        ConfigurationError: If it is a coroutine function or a generator function, or can't be called.
    """
    if type(fn) is BuiltinFunctionType or (type(fn) is FunctionType and not fn.__code__.co_flags & _NOT_PLAIN):
        return  # nearly all of them, without asking inspect five times
    check_source(fn)
    if inspect.isgeneratorfunction(_code_of(fn)):
        raise ConfigurationError(
            f"{name_of(fn)} is a generator function, which would do its work on the event loop: "
            "give it to the lane's stream(), or give run() a function that returns a list"
        )


def check_source(fn: Callable[..., Any]) -> None:
    """Refuse what can't run in the lane, not even as the source of a stream.

    Raises:
        ConfigurationError: If it is a coroutine function or an asynchronous generator function, or can't be called.
    """
    code = _code_of(fn)
    if inspect.iscoroutinefunction(code) or inspect.isasyncgenfunction(code):
        raise ConfigurationError(
            f"{name_of(fn)} is an async function: await it on the event loop, or give the lane a plain `def`"
        )
    if not callable(fn):
        raise ConfigurationError(f"{fn!r} can't be called: give the lane a function and, after it, its arguments")


def _code_of(fn: Any) -> Any:
    fn = innermost(fn)
    if not inspect.isroutine(fn) and not inspect.isclass(fn):
        return getattr(fn, "__call__", fn)  # noqa: B004 - the method itself is wanted
    return fn


def check_result(fn: Callable[..., Any], result: object) -> None:
    """Refuse a result whose work is still to be done. Called where the function ran.

    Raises:
        ConfigurationError: If it is a coroutine or a generator; it is closed.
    """
    if inspect.iscoroutine(result) or inspect.isgenerator(result):
        result.close()
        raise ConfigurationError(
            f"{name_of(fn)} returned a {type(result).__name__} and did not do its work: "
            "await async functions on the event loop, and give the lane a plain function"
        )


def call_plain(fn: Callable[[*Ts], R], args: tuple[*Ts]) -> R:
    """Call the function where the lane runs it.

    Raises:
        ConfigurationError: If it returned something whose work is still to be done.
        WorkerLost: If it raised what would end the process that waits for it: SystemExit, KeyboardInterrupt.
        Exception: What it raised.
    """
    try:
        result = fn(*args)
    except StopIteration as error:  # no future can hold one
        raise RuntimeError(f"{name_of(fn)} raised StopIteration") from error
    except Exception:
        raise
    except BaseException as error:  # raised on the loop it would end the server
        raise WorkerLost(f"{name_of(fn)} raised {type(error).__name__}: {error}") from error
    check_result(fn, result)
    return result


@contextmanager
def items_of(fn: Callable[[*Ts], Iterable[R]], args: tuple[*Ts]) -> Iterator[Iterator[R]]:
    """Call the source of a stream where the lane runs it, give what it makes, and close that.

    Raises:
        ConfigurationError: If it returned nothing that can be iterated.
    """
    made = fn(*args)
    if not isinstance(made, Iterable):
        if inspect.iscoroutine(made):
            made.close()
        raise ConfigurationError(
            f"{name_of(fn)} returned a {type(made).__name__}: give stream() a generator function, "
            "or one that returns something to iterate over"
        )
    items = iter(made)
    try:
        yield items
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()
