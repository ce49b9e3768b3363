"""Stand-ins that tests give in place of the real thing: whatever their parameter's type says, nothing of it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from loopline.check import attributes, hints
from loopline.check.model import ClassInfo, FunctionInfo, Scope
from loopline.check.values import Frame, LibraryInstance, Values

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["fixture", "homes", "stand_ins"]

LIBRARIES = ("unittest.mock.", "mock.", "asyncmock.")


def stand_ins(inference: Inference, node: ast.expr, scope: Scope, frame: Frame | None) -> Values:
    """Return what an argument is if it can be nothing but a mock.

    Args:
        inference: Answers for expressions.
        node: The argument.
        scope: Where it stands.
        frame: The call in which it is evaluated.
    """
    if not scope.module.is_test or not isinstance(node, ast.Name | ast.Attribute | ast.Call):
        return ()
    values = inference.infer(node, scope, frame)
    if not values and isinstance(node, ast.Name) and isinstance(scope, FunctionInfo):
        values = _by_fixture(inference, node.id, scope)
    return values if values and all(_is_mock(one) for one in values) else ()


def _is_mock(value: object) -> bool:
    return isinstance(value, LibraryInstance) and value.path.startswith(LIBRARIES)


def fixture(inference: Inference, name: str, info: FunctionInfo) -> FunctionInfo | None:
    """Return the fixture of a name for a test; the nearest counts: of the class, the module, a conftest.

    Args:
        inference: Knows the project.
        name: The name of the test's parameter.
        info: The test, or a fixture.
    """
    for scope in homes(inference, info):
        for binding in scope.bindings.get(name, ()):
            found = binding.info
            if isinstance(found, FunctionInfo) and "fixture" in attributes.decorator_names(found):
                return found
    return None


def _by_fixture(inference: Inference, name: str, info: FunctionInfo) -> Values:
    if not any(arg.arg == name and arg.annotation is None for arg in info.parameters):
        return ()
    found = fixture(inference, name, info)
    if found is None:
        return ()
    frame = inference.default_frame(found)
    if found.is_generator:
        return inference.yields(frame)
    returns = getattr(found.node, "returns", None)
    return (hints.resolve(inference, returns, found, None) if returns else ()) or inference.returns(frame)


def homes(inference: Inference, info: FunctionInfo) -> Iterator[Scope]:
    """Yield where a test's fixtures may be, the nearest first: its class, those above, its module, each conftest.

    Args:
        inference: Knows the project.
        info: The test, or a fixture.
    """
    if info.owner is not None:
        yield from (one for one in inference.classes.ancestry(info.owner) if isinstance(one, ClassInfo))
    yield info.module
    folder = info.module.path.parent
    for one in (folder, *folder.parents):
        found = inference.project.conftests.get(one)
        if found is not None:
            yield found
