"""Context variables that come along with a call, named as ``"module:variable"``."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from importlib import import_module
from typing import Any

from loopline.errors import ConfigurationError

__all__ = ["find_variable", "split_variable", "values_of"]

_UNSET = object()


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


def values_of(variables: Sequence[ContextVar[Any]]) -> tuple[tuple[int, Any], ...]:
    """Return the values of those that are set, with their places among the variables."""
    values = [variable.get(_UNSET) for variable in variables]
    return tuple((index, value) for index, value in enumerate(values) if value is not _UNSET)
