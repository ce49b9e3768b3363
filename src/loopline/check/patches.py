"""What a test replaces while it runs: `monkeypatch.setattr(module, "name", …)`, `patch("module.name")`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from loopline.check.mocks import fixture
from loopline.check.model import ClassInfo, FunctionInfo

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["Patches"]

REPLACING = {"patch", "object", "setattr", "multiple"}


class Patches:
    """Questions on tests; answers are remembered."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._known: dict[FunctionInfo, frozenset[str]] = {}

    def of(self, info: FunctionInfo) -> frozenset[str]:
        """Return the names, dotted as they are given, that a test and its fixtures replace.

        Args:
            info: The test, or a fixture.
        """
        known = self._known.get(info)
        if known is None:
            self._known[info] = frozenset()
            found = set(_replaced(info.node))
            if isinstance(info.parent, ClassInfo):
                for decorator in info.parent.node.decorator_list:
                    found.update(_replaced(decorator))
            for arg in info.parameters:
                given = fixture(self._inference, arg.arg, info)
                if given is not None and given is not info:
                    found |= self.of(given)
            known = self._known[info] = frozenset(found)
        return known


def _replaced(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        match one:
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called),
                args=[ast.Constant(value=str(path)), *_],
            ) if called in REPLACING:
                yield path
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called),
                args=[target, ast.Constant(value=str(name)), *_],
            ) if called in REPLACING:
                yield f"{ast.unparse(target)}.{name}"
            case _:
                pass
