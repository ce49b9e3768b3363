"""The arguments of a task: checked against its signature, and stored as JSON."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError, PydanticUserError
from pydantic_core import PydanticSerializationError

from loopline.errors import ConfigurationError
from loopline.jobs.argument_secrets import INSTEAD, names_of_secrets, secrets_in, would_be_asterisks

__all__ = ["MOST_BYTES", "Arguments"]

MOST_BYTES = 1_000_000  # of one job's arguments as JSON
ASTERISKS = "***"  # in what pydantic writes instead of a secret


class Arguments:
    """The parameters of a task that are stored with a job.

    Args:
        task: The task's name, for messages.
        fn: The function.
        skip: How many parameters come from elsewhere: 1 if the first is the session.

    Raises:
        ConfigurationError: If a parameter has no type, or one that is no JSON, or whose values would be stored as
            asterisks, or takes any number of values.
    """

    def __init__(self, task: str, fn: Callable[..., Any], *, skip: int) -> None:
        self._task = task
        parameters = list(inspect.signature(fn).parameters.values())[skip:]
        try:
            types = typing.get_type_hints(fn, include_extras=True)
        except NameError as error:
            raise ConfigurationError(
                f"task {task}: {error}. Its parameters' types must be known at module level"
            ) from error
        fields: dict[str, Any] = {}
        for parameter in parameters:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
                raise ConfigurationError(
                    f"task {task}: {str(parameter).partition(':')[0]} can't be stored by name: give each value one"
                )
            if parameter.name not in types:
                raise ConfigurationError(f"task {task}: give the parameter {parameter.name} a type, such as int or str")
            fields[parameter.name] = (
                types[parameter.name],
                ... if parameter.default is parameter.empty else parameter.default,
            )
            if would_be_asterisks(types[parameter.name]):
                raise ConfigurationError(
                    f"task {task}: {parameter.name} would be stored as asterisks, with which the task can do nothing. "
                    f"{INSTEAD}"
                )
        self._types = {name: annotation for name, (annotation, _) in fields.items()}
        self._signature = inspect.Signature(parameters)
        self._positional = [each.name for each in parameters if each.kind is not each.KEYWORD_ONLY]
        # Names that pydantic keeps for itself can't be fields; aliases can.
        named = {f"field_{place}": name for place, name in enumerate(fields)}
        self._names = named
        try:
            create: Any = create_model  # its overloads don't take fields whose names are not known here
            self._model: type[BaseModel] = create(
                task,
                __config__=ConfigDict(extra="forbid", ser_json_inf_nan="constants"),
                **{field: (fields[name][0], Field(fields[name][1], alias=name)) for field, name in named.items()},
            )
        except (PydanticSchemaGenerationError, PydanticUserError) as error:
            raise ConfigurationError(
                f"task {task}: a parameter's type can't be stored as JSON. Pass an id and load the object in the task. "
                f"({str(error).splitlines()[0]})"
            ) from error

    def dump(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        """Check arguments and return them as JSON.

        Raises:
            ConfigurationError: If they don't fit the signature, are no JSON, or are too large.
        """
        bound = {**dict(zip(self._positional, args, strict=False)), **kwargs}
        if len(bound) != len(args) + len(kwargs):
            self._refuse_misfit(args, kwargs)
        for name, value in bound.items():
            if hasattr(value, "_sa_instance_state"):
                raise ConfigurationError(
                    f"task {self._task}: {name} is a {type(value).__name__} of a session, which will be gone when the "
                    "job runs. Pass its id and load it in the task"
                )
        try:
            model = self._model.model_validate(bound)
            stored = model.model_dump_json(by_alias=True, exclude_unset=True)
        except (ValidationError, PydanticSerializationError) as error:
            self._refuse_misfit(args, kwargs)
            raise ConfigurationError(f"task {self._task}: {_explain(error)}") from error
        if ASTERISKS in stored and not self._keeps_secrets(model, stored):
            raise ConfigurationError(f"task {self._task}: a secret would be stored as asterisks. {INSTEAD}")
        if (size := len(stored.encode())) > MOST_BYTES:
            raise ConfigurationError(
                f"task {self._task}: its arguments are {size:,} bytes as JSON, and {MOST_BYTES:,} is the most. "
                "Store what is large elsewhere and pass where it is"
            )
        return stored

    def _refuse_misfit(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Say what does not fit the signature, if that is what is wrong; to look each time would take too long."""
        try:
            self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise ConfigurationError(f"task {self._task}: {error}") from error

    @cached_property
    def secret(self) -> frozenset[str]:
        """The names, at any depth, of what has a type that says that it is secret, such as ``SecretStr``."""
        found = set(names_of_secrets(self._types))
        # a type of the application's own may tell nothing of itself
        with suppress(PydanticInvalidForJsonSchema):
            _add_secret_names(self._model.model_json_schema(by_alias=True), found)
        return frozenset(found)

    def _keeps_secrets(self, model: BaseModel, stored: str) -> bool:
        """Whether the secrets that were given are in what is stored."""
        given = secrets_in(model)
        try:
            return not given or secrets_in(self._model.model_validate_json(stored)) == given
        except ValidationError:
            return False

    def load(self, stored: str) -> dict[str, Any]:
        """Read what ``dump`` returned, perhaps of an older version of the task.

        Returns:
            The arguments by name.

        Raises:
            ConfigurationError: If they don't fit the signature any more.
        """
        try:
            model = self._model.model_validate_json(stored)
        except ValidationError as error:
            raise ConfigurationError(
                f"task {self._task}: its stored arguments don't fit it any more. {_explain(error)}. Give new "
                "parameters a default, and keep old ones until no job has them"
            ) from error
        return {name: getattr(model, field) for field, name in self._names.items()}


def _add_secret_names(schema: Any, found: set[str]) -> None:
    if isinstance(schema, dict):
        for name, inner in (schema.get("properties") or {}).items():
            if _is_secret(inner):
                found.add(name)
        for inner in schema.values():
            _add_secret_names(inner, found)
    elif isinstance(schema, list):
        for inner in schema:
            _add_secret_names(inner, found)


def _is_secret(schema: Any) -> bool:
    """Whether it is a secret, or a list of them, or one or nothing."""
    if not isinstance(schema, dict):
        return False
    inner = [schema.get("items"), *(schema.get("anyOf") or ())]
    return (schema.get("format") == "password" and bool(schema.get("writeOnly"))) or any(map(_is_secret, inner))


def _explain(error: ValidationError | PydanticSerializationError) -> str:
    """Say what is wrong and where, without the values: they may be secret."""
    if isinstance(error, PydanticSerializationError):
        return f"an argument can't be stored as JSON. {error}"
    problems = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems[:5])
