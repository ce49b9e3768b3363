"""What a project puts somewhere to take it out elsewhere: lists and dicts of functions, an application's state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopline.check import attributes, decorators
from loopline.check.model import Binding, FunctionInfo, ModuleInfo
from loopline.check.values import Values, union

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["Registries"]


class Registries:
    """Questions on what was put where; answers are remembered."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._state: dict[str, list[tuple[Binding, ModuleInfo]]] | None = None
        self._put: dict[int, Values] = {}
        self._decorators: dict[str, list[FunctionInfo]] = {}

    def state(self, name: str) -> Values:
        """Return what the project puts in an application's state under a name."""
        if self._state is None:
            self._state = {}
            for module in self._inference.project.texts.mentioning("state."):
                for key, bindings in module.bindings.items():
                    if key.startswith("state."):
                        self._state.setdefault(key[6:], []).extend((one, module) for one in bindings)
        return union(self._inference.bound(one, module, None) for one, module in self._state.get(name, ()))

    def put(self, binding: Binding) -> Values:
        """Return what a statement puts into a list or dict. In a decorator it is every function that it decorates."""
        scope = binding.scope
        if not isinstance(scope, FunctionInfo):
            return self._inference.bound(binding, scope or self._inference.project.modules[0], None)
        known = self._put.get(id(binding))
        if known is not None:
            return known
        self._put[id(binding)] = ()
        outer = scope
        while isinstance(outer.parent, FunctionInfo):
            outer = outer.parent
        for function in self._decorated_by(outer.name):
            decorators.decorated(self._inference, function, None)
        frames = list(self._inference.frames_by_info.get(scope, ())) or [self._inference.default_frame(scope)]
        found = union(self._inference.bound(binding, scope, frame) for frame in frames)
        self._put[id(binding)] = found
        return found

    def _decorated_by(self, name: str) -> list[FunctionInfo]:
        known = self._decorators.get(name)
        if known is None:
            known = self._decorators[name] = [
                function
                for module in self._inference.project.texts.decorating(name)
                for function in module.functions
                if not isinstance(function.parent, FunctionInfo) and name in attributes.decorator_names(function)
            ]
        return known
