"""Which names may lead to a coroutine: code without any of them forgets no await.

A coroutine comes from a name: of an `async def`, of what holds an asynchronous client or gives one, of a library's
class with asynchronous methods. Modules that have the word `async` are looked through for such names, then those that
mention one, until there are no more.
"""

from __future__ import annotations

import ast
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

from loopline.check import attributes, hints
from loopline.check.hot_libraries import HotLibraries
from loopline.check.model import ClassInfo, FunctionInfo, ModuleInfo, Scope, own_nodes
from loopline.check.texts import IMPORTED, NAME
from loopline.check.values import (
    Alias,
    Class,
    Context,
    ContextFunction,
    Coroutine,
    Function,
    Generator,
    Instance,
    Library,
    LibraryInstance,
    LibraryMethod,
    Mapping,
    Offloaded,
    Partial,
    Sequence,
    Tuple,
    Value,
    Values,
)

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["HotNames"]


class HotNames:
    """The names of a project that may lead to a coroutine, and the modules that mention one."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._cold = set(inference.project.unparsed)
        self._classes: dict[ClassInfo, bool] = {}
        self._libraries = HotLibraries(inference.libraries)
        self._places: dict[ModuleInfo, array[int]] = {}  # where one of the names is
        self.names: set[str] = self._libraries.names(self._tops()) if self._cold else set()
        self.modules: list[ModuleInfo] = []
        self._find()

    def may_forget(self, function: FunctionInfo) -> bool:
        """Tell whether a function may forget an await: it is async, or what one of the names is worth in it is hot."""
        if not self._cold or function.is_async:
            return True
        places = self._places.get(function.module)
        if places is None:
            found = NAME.finditer(function.module.source)
            places = self._places[function.module] = array("I", [one.start() for one in found if one[0] in self.names])
        start, end = function.module.span(function.node.lineno, function.node.end_lineno or function.node.lineno)
        first = bisect_left(places, start)
        return first < len(places) and places[first] < end and self._is_any_hot(function)

    def _is_any_hot(self, function: FunctionInfo) -> bool:
        frame = self._inference.default_frame(function)
        for node in own_nodes(function.node):
            match node:
                case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                    self._inference.register(node.generators, node, function)
                case ast.Name(id=name) | ast.Attribute(attr=name) if name in self.names:
                    if self._any(self._inference.infer(node, function, frame)):
                        return True
                case ast.Lambda():
                    return True
                case _:
                    pass
        return any(isinstance(one, ast.Call | ast.Lambda) for one in function.defaults.values())

    def _find(self) -> None:
        project = self._inference.project
        cold = set(self._cold)
        waiting = [module for module in project.modules if module not in cold]
        asked: set[str] = set()
        while waiting:
            for module in waiting:
                self.modules.append(module)
                if self._cold:
                    self._look(module)
            new = sorted(self.names - asked)
            asked.update(new)
            found = {module for name in new for module in project.texts.naming(name)} & cold if cold else set()
            waiting = sorted(found, key=lambda one: one.number)
            cold -= found
        self.modules.sort(key=lambda one: one.number)
        project.texts.words = self.names

    def _look(self, module: ModuleInfo) -> None:
        inference = self._inference
        for function in module.functions:
            frame = inference.default_frame(function)
            if function.is_async or (function.name not in self.names and self._any(inference.returns(frame))):
                self.names.add(function.name)
                if function.owner is not None and function.name.startswith("__"):
                    self.names.add(function.owner.name)
        scopes: list[Scope] = [module, *module.classes]
        for scope in scopes:
            for name, bindings in list(scope.bindings.items()):
                if name not in self.names and name.isidentifier():
                    told = (one for one in bindings if one.kind != "def" and one.target.rpartition(".")[2] != name)
                    if any(self._any(inference.bound(one, scope, None)) for one in told):
                        self.names.add(name)
        for owner in module.classes:
            for name in list(owner.attributes):
                if name not in self.names and self._any(attributes.get(inference, Instance(owner), name)):
                    self.names.add(name)

    def _any(self, values: Values, depth: int = 0) -> bool:
        return any(self._is_hot(one, depth) for one in values)

    def _is_hot(self, value: Value, depth: int) -> bool:
        if depth > 6:
            return True
        match value:
            case Coroutine() | Offloaded():
                return True
            case Generator(is_async=is_async) | Context(is_async=is_async) | ContextFunction(is_async=is_async):
                return is_async
            case Function(info=info):
                return info.is_async or info.name in self.names or info.name == "<lambda>"
            case Partial(function=function):
                return self._is_hot(function, depth + 1)
            case Instance(info=info) | Class(info=info):
                return self._is_hot_class(info)
            case LibraryInstance(path=path) | LibraryMethod(path=path):
                return self._libraries.is_hot(path)
            case Library(path=path):
                effect = self._inference.libraries.function(path)
                return (effect is not None and effect.is_async) or self._libraries.is_hot(path)
            case Sequence(elements=elements) | Mapping(elements=elements):
                return self._any(elements, depth + 1)
            case Tuple(parts=parts):
                return any(self._any(part, depth + 1) for part in parts)
            case Alias(node=node, scope=scope):
                return self._any(hints.resolve(self._inference, node, scope, None), depth + 1)
            case _:
                return False

    def _is_hot_class(self, info: ClassInfo) -> bool:
        known = self._classes.get(info)
        if known is None:
            self._classes[info] = False
            known = self._classes[info] = any(
                self._libraries.is_hot(one)
                if isinstance(one, str)
                else any(
                    name[:2] == "__" and isinstance(bound[-1].info, FunctionInfo) and bound[-1].info.is_async
                    for name, bound in one.bindings.items()
                )
                for one in self._inference.classes.ancestry(info)
            )
        return known

    def _tops(self) -> set[str]:
        """Return the packages that are imported from."""
        return {top for module in self._inference.project.modules for top in IMPORTED.findall(module.source)}
