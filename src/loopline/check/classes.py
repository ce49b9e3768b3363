"""The project's classes as a whole: ancestors, subclasses, and who implements a protocol."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from loopline.check.model import ClassInfo, FunctionInfo
from loopline.check.values import Class, Instance, Library, LibraryInstance, TypeVariable, Value, Values

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["Classes"]

MOST = 12  # implementations of a method that are looked at


class Classes:
    """Questions on classes; answers are remembered."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._bases: dict[ClassInfo, list[Class | Library]] = {}
        self._ancestry: dict[ClassInfo, list[ClassInfo | str]] = {}
        self._below: dict[ClassInfo, list[ClassInfo]] = {}
        self._protocols: dict[ClassInfo, list[ClassInfo]] = {}

    def bases(self, info: ClassInfo) -> list[Class | Library]:
        """Return the direct bases that are known."""
        known = self._bases.get(info)
        if known is None:
            known = self._bases[info] = []
            for base in info.node.bases:
                for value in self._inference.infer(base, info.parent, None):
                    if isinstance(value, Class | Library):
                        known.append(value)
                    elif type(value).__name__ == "Alias" and isinstance(base, ast.Subscript):
                        known.extend(
                            inner
                            for inner in self._inference.infer(base.value, info.parent, None)
                            if isinstance(inner, Library)
                        )
        return known

    def ancestry(self, info: ClassInfo) -> list[ClassInfo | str]:
        """Return the class and its ancestors, in the order in which an attribute is looked for; libraries' by name."""
        known = self._ancestry.get(info)
        if known is None:
            known = self._ancestry[info] = [info]
            for base in self.bases(info):
                for one in self.ancestry(base.info) if isinstance(base, Class) else [base.path]:
                    if one not in known:
                        known.append(one)
        return known

    def inherits(self, info: ClassInfo, *paths: str) -> bool:
        """Tell whether a class comes from one of a library's classes."""
        for one in self.ancestry(info):
            if isinstance(one, str) and any(
                one == path or self._inference.libraries.inherits(one, path) for path in paths
            ):
                return True
        return False

    def subclasses(self, info: ClassInfo) -> list[ClassInfo]:
        """Return all classes below a class, and for a protocol those that have all its methods."""
        found = self._derived(info)
        if self.inherits(info, "typing.Protocol", "typing_extensions.Protocol"):
            found = [*found, *(one for one in self._implementers(info) if one not in found and one is not info)]
        return found

    def _derived(self, info: ClassInfo) -> list[ClassInfo]:
        """Return the classes below a class, in the order of the project."""
        known = self._below.get(info)
        if known is None:
            known = self._below[info] = []
            found: dict[ClassInfo, tuple[int, int]] = {}
            asked, waiting = set[str](), {info.name}
            while waiting:
                names, modules = self._inference.project.texts.deriving(waiting)
                asked |= names
                waiting = set()
                for module in modules:
                    for number, one in enumerate(module.classes):
                        if one not in found and info in self.ancestry(one)[1:]:
                            found[one] = (module.number, number)
                            if one.name not in asked:
                                waiting.add(one.name)
            known.extend(sorted(found, key=found.__getitem__))
        return known

    def methods(self, instance: Instance, name: str) -> list[tuple[ClassInfo, FunctionInfo]]:
        """Return the methods that override one for instances of subclasses, if they are not too many."""
        if instance.exact:
            return []
        found = []
        for one in self.subclasses(instance.info):
            bound = one.bindings.get(name)
            if bound and isinstance(bound[-1].info, FunctionInfo):
                found.append((one, bound[-1].info))
        return found if len(found) <= MOST else []

    def is_open(self, value: Value) -> bool:
        """Tell whether an annotated type leaves open what is meant: others have its methods, or it is a variable."""
        match value:
            case Instance(info=info):
                return self.inherits(info, "abc.ABC", "typing.Protocol") or bool(self.subclasses(info))
            case TypeVariable():
                return True
            case LibraryInstance(path=path):
                return path == "builtins.object"
            case _:
                return False

    def type_argument(self, receiver: Value | None, variable: str) -> Values:
        """Return what a type variable of a generic class stands for in an instance.

        Args:
            receiver: The instance or class.
            variable: The variable's name.
        """
        if not isinstance(receiver, Instance | Class):
            return ()
        names = self._variables(receiver.info)
        if variable in names and names.index(variable) < len(receiver.arguments):
            return receiver.arguments[names.index(variable)]
        for one in self.ancestry(receiver.info):
            if not isinstance(one, ClassInfo):
                continue
            for base in self.bases(one):
                if isinstance(base, Class) and base.arguments:
                    names = self._variables(base.info)
                    if variable in names and names.index(variable) < len(base.arguments):
                        found = base.arguments[names.index(variable)]
                        if found and not any(isinstance(value, TypeVariable) for value in found):
                            return found
        return ()

    def _variables(self, info: ClassInfo) -> list[str]:
        own = [parameter.name for parameter in getattr(info.node, "type_params", [])]
        if own:
            return own
        for base in info.node.bases:
            if isinstance(base, ast.Subscript):
                listed = base.slice.elts if isinstance(base.slice, ast.Tuple) else [base.slice]
                names = [one.id for one in listed if isinstance(one, ast.Name)]
                if names:
                    return names
        return []

    def _implementers(self, protocol: ClassInfo) -> list[ClassInfo]:
        known = self._protocols.get(protocol)
        if known is not None:
            return known
        members = [
            name
            for one in self.ancestry(protocol)
            if isinstance(one, ClassInfo)
            for name, bound in one.bindings.items()
            if bound[0].kind == "def" and not name.startswith("__")
        ]
        found: list[ClassInfo] = []
        if members:
            for one in self._with_method(members):
                for candidate in (one, *self._derived(one)):
                    has = {
                        name
                        for part in self.ancestry(candidate)
                        if isinstance(part, ClassInfo)
                        for name in part.bindings
                    }
                    if all(name in has for name in members) and candidate is not protocol and candidate not in found:
                        found.append(candidate)
        self._protocols[protocol] = found
        return found

    def _with_method(self, members: list[str]) -> list[ClassInfo]:
        """Return the classes that define the rarest of several methods."""
        rarest, modules = self._inference.project.texts.defining(members)
        return [
            one
            for module in modules
            for one in module.classes
            if rarest in one.bindings and one.bindings[rarest][0].kind == "def"
        ]
