"""What an attribute of a value may be."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from loopline.check import calls, decorators, parameters
from loopline.check.model import Binding, ClassInfo, FunctionInfo
from loopline.check.values import (
    Class,
    Function,
    Instance,
    Library,
    LibraryInstance,
    LibraryMethod,
    Mapping,
    Module,
    Sequence,
    Super,
    Tuple,
    Value,
    Values,
)

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["decorator_names", "get", "properties", "stored"]

PROPERTIES = {"property", "cached_property", "abstractproperty", "hybrid_property", "computed_field", "lazy_property"}


def decorator_names(info: FunctionInfo) -> list[str]:
    """Return the last part of the name of each decorator of a function."""
    names = []
    for node in getattr(info.node, "decorator_list", ()):
        target = node.func if isinstance(node, ast.Call) else node
        if isinstance(target, ast.Attribute):
            names.append(target.attr)
        elif isinstance(target, ast.Name):
            names.append(target.id)
    return names


def get(inference: Inference, value: Value, name: str) -> Values:
    """Return what an attribute of a value may be.

    Args:
        inference: Answers for what it needs.
        value: The value.
        name: The attribute's name.

    Returns:
        The alternatives, implementations in subclasses included; nothing if it is unknown.
    """
    match value:
        case Instance() | Class():
            return _of_class(inference, value, name)
        case Module(info=info):
            if name in info.bindings:
                return inference.lookup(name, info, None, None)
            below = inference.project.module(f"{info.name}.{name}", info) if info.is_package else None
            return (Module(below),) if below else inference.lookup(name, info, None, None) if info.stars else ()
        case Library(path=path):
            return (Library(inference.libraries.canonical(f"{path}.{name}")),)
        case LibraryInstance():
            return _of_library(inference, value, name)
        case Super(info=info, receiver=receiver):
            ancestry = inference.classes.ancestry(receiver.info if isinstance(receiver, Instance) else info)
            after = ancestry[ancestry.index(info) + 1 :] if info in ancestry else []
            return _search(inference, after, name, receiver)
        case Sequence() | Tuple():
            return (LibraryMethod("builtins.list", name),) if inference.libraries.method("builtins.list", name) else ()
        case _:
            return ()


def properties(inference: Inference, value: Value, name: str) -> list[Function]:
    """Return the properties of the project that reading an attribute runs."""
    if not isinstance(value, Instance):
        return []
    found = []
    for one in inference.classes.ancestry(value.info):
        if not isinstance(one, ClassInfo):
            continue
        if name in one.bindings:
            info = one.bindings[name][0].info
            if isinstance(info, FunctionInfo) and PROPERTIES.intersection(decorator_names(info)):
                cached = any("cached" in decorator for decorator in decorator_names(info))
                found.append(Function(info, None, value, possible=cached))
            break
    for owner, info in inference.classes.methods(value, name):
        if PROPERTIES.intersection(decorator_names(info)):
            found.append(Function(info, None, Instance(owner), possible=bool(found) and not found[0].info.is_stub))
    return found


def stored(inference: Inference, info: ClassInfo, name: str, receiver: Value | None) -> Values:
    """Return what a class's methods, or its body, assign to an attribute."""
    found: Values = ()
    for binding in info.attributes.get(name, ()):
        scope = binding.scope
        assert isinstance(scope, FunctionInfo)
        frame = inference.frame(scope, receiver=receiver if scope.owner is info else None)
        values = inference.bound(binding, scope, frame)
        found = tuple(dict.fromkeys((*found, *values)))
    put = info.attributes.get(f"put {name}", ())
    if put and any(isinstance(value, Mapping | Sequence) for value in found):
        added = tuple(value for one in put for value in inference.registries.put(one))
        found = tuple(
            type(value)(tuple(dict.fromkeys((*value.elements, *added))))
            if isinstance(value, Mapping | Sequence)
            else value
            for value in found
        )
    return found


def _of_class(inference: Inference, value: Instance | Class, name: str) -> Values:
    found = _search(inference, inference.classes.ancestry(value.info), name, value)
    if not isinstance(value, Instance) or value.exact:
        return found
    others: list[Value] = []
    stubs = not found or all(isinstance(one, Function) and one.info.is_stub for one in found)
    below = inference.classes.methods(value, name)
    real = {
        info for owner, info in below if not info.is_stub and (value.info.module.is_test or not owner.module.is_test)
    }
    chosen = stubs and len(real) <= 1  # of several, only the running program knows which
    for owner, info in below:
        if PROPERTIES.intersection(decorator_names(info)):
            others.extend(_read(inference, info, Instance(owner)))
        elif not any(isinstance(one, Function) and one.info is info for one in found):
            others.append(
                Function(info, None, Instance(owner), possible=not chosen or (bool(real) and info not in real))
            )
    if stubs and others:
        return tuple(dict.fromkeys(others))
    return tuple(dict.fromkeys((*found, *others)))


def _search(inference: Inference, ancestry: list[ClassInfo | str], name: str, receiver: Value | None) -> Values:
    for one in ancestry:
        if isinstance(one, str):
            if inference.libraries.cls(one) is not None:
                found = _of_library(inference, LibraryInstance(one), name)
                if found:
                    return found
            continue
        bound = one.bindings.get(name)
        if bound and isinstance(receiver, Instance) and one.attributes.get(name) and bound[-1].kind != "def":
            assigned = stored(inference, one, name, receiver)
            if assigned:
                return assigned
        if bound:
            return _bound(inference, bound, one, receiver)
        if isinstance(receiver, Instance) and name in one.attributes:
            return stored(inference, one, name, receiver)
    return ()


def _bound(inference: Inference, bound: list[Binding], owner: ClassInfo, receiver: Value | None) -> Values:
    info = bound[0].info
    if not isinstance(info, FunctionInfo):
        frame = None
        binding = bound[-1]
        if binding.annotation is not None and isinstance(receiver, Instance):
            found = calls.annotated_attribute(inference, binding.annotation, owner, receiver)
            if found:
                return found
        return inference.bound(binding, owner, frame)
    names = decorator_names(info)
    if PROPERTIES.intersection(names):
        return _read(inference, info, receiver) if isinstance(receiver, Instance) else ()
    values = decorators.decorated(inference, info if "overload" not in names else _last(bound, info), None)
    return tuple(parameters.bind_receiver(one, receiver, names) for one in values)


def _read(inference: Inference, info: FunctionInfo, receiver: Instance) -> Values:
    return calls.run(inference, Function(info, None, receiver), inference.frame(info, receiver=receiver))


def _last(bound: list[Binding], info: FunctionInfo) -> FunctionInfo:
    return next((one.info for one in reversed(bound) if isinstance(one.info, FunctionInfo)), info)


def _of_library(inference: Inference, value: LibraryInstance, name: str) -> Values:
    path = value.path
    if name == "state" and inference.libraries.attribute(path, name):
        return (LibraryInstance("starlette.datastructures.State"),)
    if path == "starlette.datastructures.State":
        return inference.registries.state(name)
    method = inference.libraries.method(path, name)
    kind = inference.libraries.attribute(path, name)
    found: Values = ()
    if method is not None:
        found = (LibraryMethod(path, name, value.maker),)
        if not method.name.endswith(".*"):
            return found
    if kind:
        return (*found, *calls.library_type(inference, kind, value))
    if not found and inference.libraries.cls(path) is None and not inference.libraries.is_known(path):
        return (LibraryInstance(f"{path}.{name}"),)
    return found
