"""What the type that a name, a field or a result is declared with says of its value: that it is not None, or true."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from loopline.check import hints
from loopline.check.known import NOTHING, OBJECT, PRESENT, Known, of_literal
from loopline.check.library_types import given
from loopline.check.model import ClassInfo, Scope
from loopline.check.values import Alias, Class, Library, Value

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["by_annotation", "by_field", "starts_as_none"]

DEEPEST = 6  # aliases that are followed
TRUE_BASES = {
    "builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol", "typing_extensions.Protocol",
    "pydantic.BaseModel", "pydantic.main.BaseModel", "pydantic_settings.BaseSettings", "sqlmodel.SQLModel",
    "builtins.Exception",
}  # fmt: skip
TRUE_CLASSES = {
    "uuid.UUID", "datetime.datetime", "datetime.date", "pathlib.Path", "pydantic.BaseModel", "fastapi.Request",
    "starlette.requests.Request", "fastapi.Response", "starlette.responses.Response", "sqlalchemy.orm.Session",
    "sqlalchemy.ext.asyncio.AsyncSession", "sqlalchemy.ext.asyncio.AsyncEngine", "sqlalchemy.Engine",
    "sqlalchemy.engine.Engine", "sqlalchemy.orm.sessionmaker", "sqlalchemy.ext.asyncio.async_sessionmaker",
    "httpx.Client", "httpx.AsyncClient", "requests.Session", "aiohttp.ClientSession", "redis.Redis",
    "redis.asyncio.Redis", "logging.Logger", "fastapi.BackgroundTasks",
    "starlette.background.BackgroundTasks",
    *(f"pydantic{part}.UUID{number}" for part in ("", ".types") for number in (1, 3, 4, 5, 6, 7, 8)),
}  # fmt: skip
VALUES = {
    "str", "bytes", "int", "float", "bool", "list", "dict", "set", "tuple", "frozenset", "List", "Dict", "Set", "Tuple",
    "Sequence", "Mapping", "Iterable", "type", "Type", "Literal", "Callable",
}  # fmt: skip


def by_annotation(inference: Inference, node: ast.expr | None, scope: Scope, depth: int = 0) -> Known:
    """Return what an annotation says.

    Args:
        inference: Answers for the names in it.
        node: The annotation.
        scope: Where it stands.
        depth: How many aliases were followed.
    """
    if depth > DEEPEST:
        return NOTHING
    match node:
        case ast.Constant(value=str(text)):
            return by_annotation(inference, hints.parsed(text), scope, depth + 1)
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _all_of(inference, [left, right], scope, depth)
        case ast.Subscript(value=base, slice=inner):
            return _subscript(inference, base, inner, scope, depth)
        case ast.Name() | ast.Attribute():
            found = [_by_type(inference, one, depth) for one in hints.symbols(inference, node, scope)]
            return found[0] if len(found) == 1 else NOTHING
        case _:
            return NOTHING


def by_field(inference: Inference, owner: ClassInfo, name: str) -> Known:
    """Return what a class says of an attribute that its body declares, and nothing sets to None.

    Args:
        inference: Answers for base classes.
        owner: The class.
        name: The attribute.
    """
    for one in inference.classes.ancestry(owner):
        if not isinstance(one, ClassInfo):
            return NOTHING
        if any(_is_none(binding.node) for binding in one.attributes.get(name, ())):
            return NOTHING
        if bound := one.bindings.get(name):
            if len(bound) > 1 or bound[0].annotation is None or starts_as_none(bound[0].node):
                return NOTHING
            return by_annotation(inference, bound[0].annotation, one)
    return NOTHING


def starts_as_none(node: ast.AST | None) -> bool:
    """Tell whether a default makes None a value whatever the annotation says.

    Args:
        node: The default of a parameter, or of a field.
    """
    if isinstance(node, ast.Call):
        return any(_is_none(one) for one in (*node.args[:1], *given(node, "default")))
    return _is_none(node)


def _is_none(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _all_of(inference: Inference, parts: list[ast.expr], scope: Scope, depth: int) -> Known:
    found = {by_annotation(inference, part, scope, depth + 1) for part in parts}
    if any(one.is_none is not False for one in found):
        return NOTHING
    return OBJECT if all(one.truth for one in found) else PRESENT


def _subscript(inference: Inference, base: ast.expr, inner: ast.expr, scope: Scope, depth: int) -> Known:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    word = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
    if word == "Annotated":
        return by_annotation(inference, parts[0], scope, depth + 1)
    if word == "Union":
        return _all_of(inference, parts, scope, depth)
    if word == "Literal":
        literals = {of_literal(one.value if isinstance(one, ast.Constant) else None) for one in parts}
        return NOTHING if any(one.is_none for one in literals) else PRESENT
    if word in VALUES:
        return PRESENT
    found = [one for one in hints.symbols(inference, base, scope) if isinstance(one, Class)]
    return _by_type(inference, found[0], depth) if len(found) == 1 else NOTHING


def _by_type(inference: Inference, value: Value, depth: int) -> Known:
    match value:
        case Class(info=info):
            return OBJECT if _is_always_true(inference, info) else PRESENT
        case Alias(node=node, scope=scope):
            return by_annotation(inference, node, scope, depth + 1)
        case Library(path=path) if path in TRUE_CLASSES:
            return OBJECT
        case Library(path=path) if path.startswith("builtins.") and path.rpartition(".")[2] in VALUES:
            return PRESENT
        case _:
            return NOTHING


def _is_always_true(inference: Inference, info: ClassInfo) -> bool:
    """Whether neither the class nor one below it says when it is true."""
    for one in inference.classes.ancestry(info):
        if isinstance(one, str):
            if one not in TRUE_BASES:
                return False
        elif not {"__bool__", "__len__"}.isdisjoint(one.bindings):
            return False
    return all({"__bool__", "__len__"}.isdisjoint(one.bindings) for one in inference.classes.subclasses(info))
