"""What an expression in a function may be worth, where it matters whether that must be awaited."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from loopline.check import calls
from loopline.check.acceptance import all_async_iterable, all_of_project, all_pending, gives_coroutine
from loopline.check.alternatives import every, inside
from loopline.check.libraries import Effect
from loopline.check.model import FunctionInfo
from loopline.check.values import Frame, LibraryInstance, Values

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["Pending"]

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)


class Pending:
    """Questions on the expressions of one function."""

    def __init__(self, inference: Inference, info: FunctionInfo, frame: Frame) -> None:
        self._inference = inference
        self._info = info
        self._frame = frame

    def is_async_iterable(self, node: ast.expr) -> bool:
        """Tell whether an expression is surely nothing but what `async for` iterates."""
        return self._every(node, lambda values: all_async_iterable(self._inference, values))

    def holds_pending(self, node: ast.expr) -> bool:
        """Whether a dict or list that is written there has a coroutine in it, at any depth."""
        match node:
            case ast.Dict(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return any(self.is_pending(one) or self.holds_pending(one) for one in parts)
            case _:
                return False

    def is_coroutine_function(self, node: ast.expr) -> bool:
        """Tell whether calling an expression surely gives a coroutine."""
        values = self.infer(node)
        return bool(values) and all(gives_coroutine(self._inference, one) for one in values)

    def infer(self, node: ast.expr) -> Values:
        """Return what an expression may be worth."""
        return self._inference.infer(node, self._info, self._frame)

    def task_in(self, node: ast.expr) -> Effect | None:
        """What makes a task that must be kept: a call, or each turn of a comprehension."""
        match node:
            case ast.Call():
                return self.kept_effect(node)
            case ast.ListComp(elt=made) | ast.SetComp(elt=made) | ast.DictComp(value=made):
                self._inference.register(node.generators, node, self._info)
                return self.task_in(made)
            case _:
                return None

    def kept_effect(self, node: ast.Call) -> Effect | None:
        """Return what makes a task, or another thing that must be kept, if a call does."""
        for value in self.infer(node.func):
            effect = calls.library_effect(self._inference, value)
            if effect is not None and effect.keep:
                return effect
        return None

    def is_awaitable_to_keep(self, node: ast.expr) -> bool:
        """Tell whether an expression is a task, or another thing that must be kept."""
        values = self.infer(node)
        kinds = [self._inference.libraries.cls(one.path) for one in values if isinstance(one, LibraryInstance)]
        return bool(kinds) and len(kinds) == len(values) and all(one is not None and one.keep for one in kinds)

    def is_pending(self, node: ast.expr, *, containers: bool = True) -> bool:
        """Tell whether an expression is surely a coroutine, or (``containers``) holds nothing else."""
        if isinstance(node, ast.Constant) or (isinstance(node, ast.Await) and not self._is_sure(node.value)):
            return False
        if containers and isinstance(node, COMPREHENSIONS):
            return all_pending(tuple(inside(self.infer(node))))
        if containers and isinstance(node, ast.Call):
            return self._every(node, lambda values: all_pending(tuple(inside(values))))
        return self._every(node, all_pending)

    def _every(self, node: ast.expr, holds: Callable[[Values], bool]) -> bool:
        return every(self._inference, node, self._info, self._frame, holds)

    def _is_sure(self, node: ast.expr) -> bool:
        """Whether an awaited expression is a call of the project, so that it is known what awaiting it gives."""
        return self._every(node, all_of_project)
