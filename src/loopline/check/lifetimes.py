"""Which objects live longer than the call that made them: what they remember is there the next time."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from loopline.check.decorators import is_cached
from loopline.check.model import ClassInfo, FunctionInfo, Scope
from loopline.check.values import Class

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["Lifetimes"]


class Lifetimes:
    """Questions on classes; answers are remembered."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._known: dict[ClassInfo, bool] = {}

    def are_long(self, info: ClassInfo) -> bool:
        """Tell whether the project keeps objects of a class: in a module, an attribute, a cached function's result.

        Args:
            info: The class. Those below it count, too.
        """
        known = self._known.get(info)
        if known is None:
            self._known[info] = False
            known = self._known[info] = any(
                self._is_kept(call, scope)
                for one in (info, *self._inference.classes.subclasses(info))
                for call, scope in self._inference.constructions.of(one)
                if not scope.module.is_test and self._is_of(call, scope, one)
            )
        return known

    def _is_of(self, call: ast.Call, scope: Scope, info: ClassInfo) -> bool:
        frame = self._inference.default_frame(scope) if isinstance(scope, FunctionInfo) else None
        return any(
            isinstance(one, Class) and one.info is info for one in self._inference.infer(call.func, scope, frame)
        )

    def _is_kept(self, call: ast.Call, scope: Scope) -> bool:
        if not isinstance(scope, FunctionInfo) or is_cached(scope):
            return True
        for step in scope.steps:
            if isinstance(step, ast.Assign) and any(one is call for one in ast.walk(step.value)):
                return any(self._outlives(target, scope) for target in step.targets)
        return False

    def _outlives(self, target: ast.expr, scope: FunctionInfo) -> bool:
        match target:
            case ast.Name(id=name):
                return name in scope.global_names
            case (
                ast.Attribute(value=ast.Name(id="self")) | ast.Subscript(value=ast.Attribute(value=ast.Name(id="self")))
            ):
                return scope.owner is None or self.are_long(scope.owner)
            case ast.Attribute() | ast.Subscript():
                return True
            case _:
                return False
