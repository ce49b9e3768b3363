"""What a lane can run: plain functions. Everything else is refused with what to write instead."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType
from typing import Any, TypeVar, TypeVarTuple

from loopline.errors import ConfigurationError, WorkerLost

__all__ = ["call_plain", "check_callable", "check_result", "name_of"]

_NOT_PLAIN = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_GENERATOR

R = TypeVar("R")
Ts = TypeVarTuple("Ts")


def name_of(fn: Callable[..., Any]) -> str:
    """Return what messages call the function."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    return str(getattr(fn, "__qualname__", None) or type(fn).__qualname__)


def check_callable(fn: Callable[..., Any]) -> None:
    """Refuse what would not do its work in the lane.

    Raises:
        ConfigurationError: If it is a coroutine function or a generator function, or can't be called.
    """
    if type(fn) is BuiltinFunctionType or (type(fn) is FunctionType and not fn.__code__.co_flags & _NOT_PLAIN):
        return  # nearly all of them, without asking inspect five times
    inner: Any = fn
    while isinstance(inner, functools.partial):
        inner = inner.func
    if not inspect.isroutine(inner) and not inspect.isclass(inner):
        inner = getattr(inner, "__call__", inner)  # noqa: B004 - the method itself is wanted
    if inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner):
        raise ConfigurationError(
            f"{name_of(fn)} is an async function: await it on the event loop, or give the lane a plain `def`"
        )
    if inspect.isgeneratorfunction(inner):
        raise ConfigurationError(
            f"{name_of(fn)} is a generator function, which would do its work on the event loop: "
            "give the lane a function that returns a list"
        )
    if not callable(fn):
        raise ConfigurationError(f"{fn!r} can't be called: give the lane a function and, after it, its arguments")


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
