"""What the rules on traps share: looking for calls, and findings for a line."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from loopline.check.analysis import Analysis
from loopline.check.finding import Finding, Step
from loopline.check.model import ClassInfo, FunctionInfo, Scope
from loopline.check.places import place_of_module
from loopline.check.values import Instance, Library, LibraryInstance, Value, Values

__all__ = [
    "ASYNC_SESSION",
    "finding",
    "functions",
    "is_instance",
    "is_orm_object",
    "library_path",
    "values_of",
]

ASYNC_SESSION = "sqlalchemy.ext.asyncio.AsyncSession"


def functions(analysis: Analysis, *words: str) -> Iterator[FunctionInfo]:
    """Yield every function of the modules that have one of some words."""
    found = {module.number: module for word in words for module in analysis.project.texts.mentioning(word)}
    for number in sorted(found):
        yield from found[number].functions


def values_of(analysis: Analysis, node: ast.expr, scope: Scope) -> Values:
    """Return what an expression may be worth where it stands."""
    frame = analysis.inference.default_frame(scope) if isinstance(scope, FunctionInfo) else None
    return analysis.inference.infer(node, scope, frame)


def library_path(analysis: Analysis, node: ast.expr, scope: Scope) -> str:
    """Return the dotted name of the library's function or class that an expression is, or an empty string."""
    return next((one.path for one in values_of(analysis, node, scope) if isinstance(one, Library)), "")


def is_instance(analysis: Analysis, value: Value, *paths: str) -> bool:
    """Tell whether a value is an instance of one of a library's classes, or of a project's class below it."""
    match value:
        case LibraryInstance(path=path):
            return any(analysis.libraries.inherits(path, one) for one in paths)
        case Instance(info=info):
            return analysis.inference.classes.inherits(info, *paths)
        case _:
            return False


def is_orm_object(analysis: Analysis, value: Value) -> bool:
    """Tell whether a value is an object that belongs to an SQLAlchemy session."""
    if not isinstance(value, Instance):
        return False
    ancestry = analysis.inference.classes.ancestry(value.info)
    return analysis.inference.classes.inherits(value.info, "sqlalchemy.orm.DeclarativeBase") or any(
        isinstance(one, ClassInfo) and "__tablename__" in one.bindings for one in ancestry
    )


def finding(
    analysis: Analysis, code: str, node: ast.AST, scope: Scope, message: str, advice: str, *, certain: bool = True
) -> Finding:
    """Return a finding for a line.

    Args:
        analysis: The analysis.
        code: The rule's code.
        node: What is wrong.
        scope: Where it stands.
        message: Why it is wrong.
        advice: What to write instead.
        certain: Whether it is sure to be wrong.
    """
    module = scope.module
    line = getattr(node, "lineno", 1)
    if isinstance(scope, FunctionInfo):
        place, route = analysis.loop.place_of(scope)
        name = scope.qualified
    else:
        place, route, name = place_of_module(module), "", ""
    return Finding(
        code,
        module.shown,
        line,
        getattr(node, "col_offset", 0) + 1,
        message,
        advice,
        certain,
        (Step(module.shown, line, name, module.line(line)),),
        f"{module.shown}:{line}:{code}",
        place,
        route,
        line,
    )
