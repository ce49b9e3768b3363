"""With what the project makes objects of its classes: for what `__init__` takes without saying its type."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from loopline.check.model import ClassInfo, FunctionInfo, ModuleInfo, Scope, own_nodes
from loopline.check.values import Class, Values, union

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["Constructions"]

MOST = 12  # calls of one class that are looked at


class Constructions:
    """Questions on calls of classes; modules are looked through when they are first needed."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._calls: dict[ModuleInfo, dict[str, list[tuple[ast.Call, Scope]]]] = {}
        self._known: dict[tuple[ClassInfo, str], Values] = {}

    def argument(self, owner: ClassInfo, init: FunctionInfo, name: str) -> Values:
        """Return what the project gives for a parameter where it makes objects of a class.

        Args:
            owner: The class.
            init: Its ``__init__``.
            name: The parameter.
        """
        key = (owner, name)
        known = self._known.get(key)
        if known is None:
            self._known[key] = ()
            known = self._known[key] = union(self._given(owner, init, name))
        return known

    def _given(self, owner: ClassInfo, init: FunctionInfo, name: str) -> list[Values]:
        positions = [arg.arg for arg in init.positional[1:]]
        found: list[Values] = []
        for call, scope in self.of(owner):
            value = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
            if value is None and name in positions and positions.index(name) < len(call.args):
                value = call.args[positions.index(name)]
            if value is None or isinstance(value, ast.Starred):
                continue
            frame = self._inference.default_frame(scope) if isinstance(scope, FunctionInfo) else None
            if any(
                isinstance(one, Class) and one.info is owner for one in self._inference.infer(call.func, scope, frame)
            ):
                found.append(self._inference.infer(value, scope, frame))
        return found

    def of(self, owner: ClassInfo) -> list[tuple[ast.Call, Scope]]:
        """Return the calls of what has a class's name, with where they stand.

        Args:
            owner: The class.
        """
        found: list[tuple[ast.Call, Scope]] = []
        for module in self._inference.project.texts.making(owner.name):
            found.extend(self._in(module).get(owner.name, ()))
            if len(found) >= MOST:
                break
        return found[:MOST]

    def _in(self, module: ModuleInfo) -> dict[str, list[tuple[ast.Call, Scope]]]:
        known = self._calls.get(module)
        if known is None:
            known = self._calls[module] = {}
            top = [node for node in own_nodes(module.tree) if isinstance(node, ast.Call)]
            pairs: list[tuple[Scope, list[ast.Call]]] = [(module, top), *((one, one.calls) for one in module.functions)]
            for scope, calls in pairs:
                for call in calls:
                    target = call.func
                    name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
                    if name[:1].isupper():
                        known.setdefault(name, []).append((call, scope))
        return known
