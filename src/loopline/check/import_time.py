"""What the modules of an application have called when they were imported: what such a call remembers is there."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from loopline.check.known import Known
from loopline.check.model import Binding, FunctionInfo, ModuleInfo
from loopline.check.once import Kept
from loopline.check.values import Frame, Function, Partial, Value

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["ImportTime", "chosen", "literals"]

APPLICATION = r"\b(?:FastAPI|Starlette)\b"  # a module that names it makes the application, or adds to it
WHOLE_MODULE = 1 << 30  # the end line of what is bound in the module's own block


class ImportTime:
    """Questions on calls at import; answers are remembered."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._calls: dict[FunctionInfo, list[tuple[ModuleInfo, ast.Call, Function]]] = {}
        self._imports: dict[ModuleInfo, list[ModuleInfo]] = {}
        self._closures: dict[ModuleInfo, set[ModuleInfo]] = {}

    def has_called(self, info: FunctionInfo, node: ast.Call, caller: ModuleInfo) -> bool:
        """Tell whether a cached function has been called, with the same literals, when a module's code runs.

        Args:
            info: The function.
            node: A call of it.
            caller: The module.
        """
        given = literals(node)
        return given is not None and any(
            literals(call) == given and self._is_there(module, caller) for module, call, _ in self._found(info)
        )

    def has_filled(self, frame: Frame, kept: Kept) -> bool:
        """Tell whether what a function remembers is known when the function is called.

        Args:
            frame: A call of the function.
            kept: Where it is kept.
        """
        info = frame.info
        if kept.in_object or self.is_emptied(info, kept.place):
            return False
        wanted = chosen(frame.told, kept)
        for module, call, function in self._found(info) if wanted is not None else ():
            told = self._inference.told.by(function, call, module, None)
            if chosen(told, kept) == wanted and self._is_there(module, info.module):
                return True
        return False

    def has_imported(self, names: Iterable[str], caller: ModuleInfo) -> bool:
        """Tell whether modules of the project, as far as there are such, are imported when a module's code runs.

        Args:
            names: Their dotted names.
            caller: The module.
        """
        modules = [one for name in names if (one := self._inference.project.module(name, caller)) is not None]
        return bool(modules) and all(self._is_there(one, caller) for one in modules)

    def _found(self, info: FunctionInfo) -> list[tuple[ModuleInfo, ast.Call, Function]]:
        known = self._calls.get(info)
        if known is None:
            known = self._calls[info] = []
            if isinstance(info.parent, ModuleInfo) and not info.is_async and not self.is_cleared(info):
                pattern = rf"(?m)^(?=[^\s#@]).*\b{info.name}\("
                for module in self._inference.project.texts.matching(pattern, info.name):
                    known.extend(
                        (module, call, one) for call in _own_calls(module) for one in self._of(info, call, module)
                    )
        return known

    def _of(self, info: FunctionInfo, call: ast.Call, module: ModuleInfo) -> Iterator[Function]:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        for value in self._inference.infer(call.func, module, None) if name == info.name else ():
            function = _function(value)
            if function is not None and function.info is info:
                yield function

    def is_cleared(self, info: FunctionInfo) -> bool:
        """Tell whether the project makes a cached function forget."""
        clearing = self._inference.project.texts.mentioning(f"{info.name}.cache_clear")
        return any(module is info.module or not module.is_test for module in clearing)

    def is_emptied(self, info: FunctionInfo, place: str) -> bool:
        """Tell whether another function forgets what is kept in a global name."""
        return any(
            isinstance(one.scope, FunctionInfo) and one.scope is not info for one in info.module.bindings.get(place, ())
        )

    def _is_there(self, module: ModuleInfo, caller: ModuleInfo) -> bool:
        """Whether a module is imported before the code of another runs: by that, or by its application."""
        if module in self._closure(caller):
            return True
        tops = {caller.name.partition(".")[0], module.name.partition(".")[0]}
        applications = () if caller.is_test else self._inference.project.texts.matching(APPLICATION)
        return any(
            module in self._closure(one)
            for one in applications
            if not one.is_test and one.name.partition(".")[0] in tops
        )

    def _closure(self, start: ModuleInfo) -> set[ModuleInfo]:
        known = self._closures.get(start)
        if known is None:
            known = self._closures[start] = {start}
            waiting = [start]
            while waiting:
                for one in self._imported(waiting.pop()):
                    if one not in known:
                        known.add(one)
                        waiting.append(one)
        return known

    def _imported(self, module: ModuleInfo) -> list[ModuleInfo]:
        """The modules that a module imports in its own block; none if nobody needed to parse it."""
        if not module.is_loaded:
            return []
        known = self._imports.get(module)
        if known is None:
            found: dict[ModuleInfo, None] = {}
            for path in _paths(module):
                parts = path.split(".")
                for count in range(1, len(parts) + 1):
                    one = self._inference.project.module(".".join(parts[:count]), module)
                    if one is not None:
                        found[one] = None
            known = self._imports[module] = list(found)
        return known


def _paths(module: ModuleInfo) -> Iterator[str]:
    yield from module.stars
    for bindings in module.bindings.values():
        for one in bindings:
            if one.kind in ("from", "import") and _is_own(one):
                yield one.target


def _is_own(binding: Binding) -> bool:
    return binding.end[0] == WHOLE_MODULE and binding.scope is None


def _own_calls(module: ModuleInfo) -> Iterator[ast.Call]:
    """The calls that importing a module is sure to make: in assignments and expressions of its own block."""
    for statement in module.tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr) and statement.value is not None:
            yield from (node for node in ast.walk(statement.value) if isinstance(node, ast.Call))


def _function(value: Value) -> Function | None:
    match value:
        case Function():
            return value
        case Partial(function=Function() as function, possible=True):
            return function
        case _:
            return None


def literals(call: ast.AST) -> str | None:
    """Return the arguments of a call, if they are literals."""
    if not isinstance(call, ast.Call):
        return None
    parts = [*call.args, *(keyword.value for keyword in call.keywords)]
    if not all(isinstance(part, ast.Constant) for part in parts):
        return None
    named = sorted(f"{keyword.arg}={ast.unparse(keyword.value)}" for keyword in call.keywords)
    return ", ".join([*(ast.unparse(part) for part in call.args), *named])


def chosen(told: tuple[tuple[str, Known], ...], kept: Kept) -> tuple[object, ...] | None:
    """Return the literals by which a call chooses what it remembers; None if one of them is not known."""
    values = dict(told)
    found = tuple(values[name].literal if name in values else ... for name in sorted(kept.by))
    return None if ... in found else found
