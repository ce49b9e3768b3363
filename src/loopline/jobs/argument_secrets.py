"""Secrets among a task's arguments: pydantic writes them as asterisks, unless their type says how they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, PlainSerializer, Secret, SecretBytes, SecretStr, WrapSerializer

__all__ = ["INSTEAD", "names_of_secrets", "secrets_in", "would_be_asterisks"]

_KINDS = (Secret, SecretBytes, SecretStr)
INSTEAD = (
    "Pass an id of where the secret is kept, and load it in the task. If it may be in the database, for all who read "
    "that, say how it is written: Annotated[SecretStr, PlainSerializer(SecretStr.get_secret_value, return_type=str)]"
)


def would_be_asterisks(annotation: Any) -> bool:
    """Whether a parameter's values would be stored as asterisks, or part of them. Models are not looked into.

    Args:
        annotation: Its type.
    """
    inner = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return not any(isinstance(one, PlainSerializer | WrapSerializer) for one in inner) and would_be_asterisks(
            inner[0]
        )
    return _is_secret(annotation) or any(map(would_be_asterisks, inner))


def names_of_secrets(types: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of what holds a secret, at any depth of models.

    Args:
        types: The types by name.
    """
    found: set[str] = set()
    _add_names(types, found, set())
    return frozenset(found)


def _add_names(types: Mapping[str, Any], found: set[str], seen: set[type]) -> None:
    for name, annotation in types.items():
        for one in _within(annotation):
            if _is_secret(one):
                found.add(name)
            elif isinstance(one, type) and issubclass(one, BaseModel) and one not in seen:
                seen.add(one)
                named = {field.serialization_alias or name: field for name, field in one.model_fields.items()}
                _add_names({name: field.annotation for name, field in named.items()}, found, seen)


def _within(annotation: Any) -> Iterator[Any]:
    yield annotation
    for one in get_args(annotation):
        yield from _within(one)


def _is_secret(annotation: Any) -> bool:
    kind = get_origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, _KINDS)


def secrets_in(value: Any) -> list[str]:
    """Return the secrets in a value, at any depth, in an order that depends on them alone."""
    return sorted(repr(secret.get_secret_value()) for secret in _secrets(value))


def _secrets(value: Any) -> Iterator[Any]:
    if isinstance(value, _KINDS):
        yield value
    elif isinstance(value, BaseModel):
        yield from _secrets(value.__dict__)
    elif isinstance(value, Mapping):
        yield from _secrets([*value.keys(), *value.values()])
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _secrets(one)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _secrets([getattr(value, field.name) for field in fields(value)])
