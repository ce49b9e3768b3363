"""What comes along with a call: context variables, named as ``"module:variable"``, and the trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from importlib import import_module
from typing import Any, TypeAlias

from loopline import _tracer
from loopline.errors import ConfigurationError

__all__ = ["Which", "carried_trace", "find_variable", "split_variable", "values_of"]

Which: TypeAlias = int | tuple[str, str]
"""Which variable a value is of: its place among the lane's, or its module and name."""

_UNSET = object()
_TRACE = ("loopline._tracer", "TRACE")


def split_variable(lane: str, where: str) -> tuple[str, str]:
    """Return the module and the name.

    Raises:
        ConfigurationError: If it is written in another way.
    """
    module, colon, variable = where.partition(":")
    if not (module and colon and variable):
        raise ConfigurationError(f'lane {lane!r}: write a context variable as "module:variable", not {where!r}')
    return module, variable


def find_variable(lane: str, module: str, name: str) -> ContextVar[Any]:
    """Return the variable.

    Raises:
        ConfigurationError: If it is none.
    """
    found = getattr(import_module(module), name, None)
    if not isinstance(found, ContextVar):
        raise ConfigurationError(f"lane {lane!r}: {module}:{name} is no ContextVar")
    return found


def values_of(variables: Sequence[ContextVar[Any]]) -> tuple[tuple[Which, Any], ...]:
    """Return the values of those that are set, with their places among the variables, and the trace if there is one."""
    if not variables and _tracer.active is None:
        return ()
    now = [variable.get(_UNSET) for variable in variables]
    values: tuple[tuple[Which, Any], ...] = tuple(
        (index, value) for index, value in enumerate(now) if value is not _UNSET
    )
    trace = carried_trace()
    return values if trace is None else (*values, (_TRACE, trace))


def carried_trace() -> Mapping[str, str] | None:
    """Return the current trace as what ``loopline._tracer.TRACE`` makes current elsewhere; None if there is none."""
    return None if _tracer.active is None else _tracer.active.carried() or None
