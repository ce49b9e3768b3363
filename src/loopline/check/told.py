"""What a call tells a function of its parameters beside their types: literals, and that something is no None.

Only what the function, or one that it passes the parameter on to, asks: else each call would be one of its own kind.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from loopline.check import attributes, calls, construction, library_types
from loopline.check.facts import named
from loopline.check.known import NOTHING, Known
from loopline.check.model import FunctionInfo, Scope
from loopline.check.once import keeping
from loopline.check.outcomes import known
from loopline.check.values import Class, Frame, Function, Instance, Library, LibraryMethod, Partial, Value

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["Told", "tested"]

LEAVING_AS_IT_IS = {
    "staticmethod", "classmethod", "property", "cached_property", "abstractmethod", "override", "overload", "wraps",
    "final", "lru_cache", "cache", "contextmanager", "asynccontextmanager",
}  # fmt: skip
DEEPEST = 3  # local names behind local names
TESTED, COMPARED, MEASURED, TYPED = "tested", "compared", "measured", "typed"


class Told:
    """Questions on calls and on what functions ask of their parameters; answers are remembered."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._asked: dict[FunctionInfo, dict[str, str]] = {}

    def by(
        self, function: Function, node: ast.Call, scope: Scope, frame: Frame | None
    ) -> tuple[tuple[str, Known], ...]:
        """Return what a call tells.

        Args:
            function: What is called.
            node: The call.
            scope: Where it stands.
            frame: The call in which it is evaluated.
        """
        asked = self.asked(function.info)
        if not asked:
            return ()
        found: list[tuple[str, Known]] = []
        fields = [(*one.split(".", 1), one) for one in asked if "." in one]
        for name, value, where in _given(function, node, scope):
            if name in asked and (told := self._worth(asked[name], value, where, frame)) != NOTHING:
                found.append((name, told))
            for owner, field, one in fields:
                if owner == name:
                    told = self._inference.built.field(value, field.rpartition(".")[2], where, frame)
                    if told != NOTHING:
                        found.append((one, _narrowed(asked[one], told)))
        return tuple(found)

    def asked(self, info: FunctionInfo) -> dict[str, str]:
        """Return the parameters of which a function asks something, and how.

        Args:
            info: The function.
        """
        found = self._asked.get(info)
        if found is None:
            names = {arg.arg for arg in info.parameters}
            own = {**tested(info), **dict.fromkeys(keeping(info), COMPARED)} if names else {}
            found = self._asked[info] = {name: how for name, how in own.items() if _owner(name) in names}
            self._pass_on(info, names, found)
        return found

    def _pass_on(self, info: FunctionInfo, names: set[str], found: dict[str, str]) -> None:
        frame = None
        for call in info.calls if names else ():
            given = [*call.args, *(keyword.value for keyword in call.keywords)]
            if isinstance(call.func, ast.Attribute):
                given.append(call.func.value)
            if not any(_names(one) & names for one in given):
                continue
            frame = frame or self._inference.default_frame(info)
            for value in self._inference.infer(call.func, info, frame):
                for name, how in self._by_callee(value, call, info):
                    if _owner(name) in names:
                        found.setdefault(name, how)

    def _by_callee(self, value: Value, call: ast.Call, info: FunctionInfo) -> Iterator[tuple[str, str]]:
        match value:
            case Partial(function=Function() as function):
                yield from self._by_callee(function, call, info)
            case Class():
                for one in construction.constructors(self._inference, value):
                    yield from self._by_callee(one, call, info)
            case Function(info=callee):
                asked = self.asked(callee) if callee is not info else {}
                for name, given, where in _given(value, call, info) if asked else ():
                    if where is not info:
                        continue
                    if name in asked:
                        yield from ((one, asked[name]) for one in _names(given))
                    if isinstance(given, ast.Name):
                        fields = ((one.removeprefix(name), how) for one, how in asked.items())
                        yield from ((given.id + field, how) for field, how in fields if field.startswith("."))
            case Library() | LibraryMethod():
                effect = calls.library_effect(self._inference, value)
                for which in effect.works_through if effect is not None else ():
                    yield from ((one, MEASURED) for part in library_types.given(call, which) for one in _names(part))
            case _:
                pass

    def _worth(self, how: str, value: ast.expr, scope: Scope, frame: Frame | None) -> Known:
        return _narrowed(how, known(self._inference, value, scope, frame))


def _narrowed(how: str, told: Known) -> Known:
    """What is left of what is known, where no more is asked."""
    if how == COMPARED:
        return told
    if how == MEASURED:
        return told.without_literal() if told.brief else NOTHING
    if how == TYPED and told.text:
        return replace(told.without_literal(), text=True)
    return told.without_literal()


def _owner(name: str) -> str:
    return name.partition(".")[0]


def tested(info: FunctionInfo) -> dict[str, str]:
    """Return the names in a function's own conditions, and how they are asked.

    Args:
        info: The function.
    """
    found: dict[str, str] = {}

    def look(test: ast.expr) -> None:
        match test:
            case ast.Name() | ast.Attribute() if name := named(test):
                found.setdefault(name, TESTED)
            case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=name), _]) if found.get(name) != COMPARED:
                found[name] = TYPED
            case ast.Call(func=ast.Attribute(value=whole, attr="startswith" | "endswith"), args=parts):
                found.update((one.id, COMPARED) for one in (whole, *parts) if isinstance(one, ast.Name))
            case ast.UnaryOp(operand=operand):
                look(operand)
            case ast.BoolOp(values=values):
                for value in values:
                    look(value)
            case ast.Compare(left=left, comparators=[right]):
                for one, other in ((left, right), (right, left)):
                    if name := named(one):
                        none = isinstance(other, ast.Constant) and other.value is None
                        found[name] = found.get(name, TESTED) if none else COMPARED
            case _:
                pass

    for node in info.parts:
        match node:
            case ast.Call(func=ast.Name(id="import_module") | ast.Attribute(attr="import_module"), args=[name, *_]):
                found.update(dict.fromkeys(_made_of(name, info), COMPARED))
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                look(test)
            case ast.BoolOp():
                look(node)
            case _:
                pass
    return found


def _made_of(node: ast.expr, info: FunctionInfo, depth: int = 0) -> set[str]:
    """The names of which a text is made, those behind local names included."""
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    for name in tuple(names) if depth < DEEPEST else ():
        for bound in info.bindings.get(name, ()):
            if bound.kind == "value" and isinstance(bound.node, ast.expr):
                names |= _made_of(bound.node, info, depth + 1)
    return names


def _given(function: Function, node: ast.Call, scope: Scope) -> Iterator[tuple[str, ast.expr, Scope]]:
    """What each parameter gets: an argument, or its default where the call leaves it out."""
    info = function.info
    names = [arg.arg for arg in info.positional[1 if function.receiver is not None and info.owner is not None else 0 :]]
    done = set[str]()
    is_whole = True
    is_method = isinstance(function.receiver, Instance) and info.owner is not None and not info.name.startswith("__")
    if is_method and info.positional and isinstance(node.func, ast.Attribute):
        yield info.positional[0].arg, node.func.value, scope
    for name, value in zip(names, node.args, strict=False):
        if isinstance(value, ast.Starred):
            is_whole = False
            break
        done.add(name)
        yield name, value, scope
    for keyword in node.keywords:
        if keyword.arg is None:
            is_whole = False
        else:
            done.add(keyword.arg)
            yield keyword.arg, keyword.value, scope
    is_whole = is_whole and not any(isinstance(one, ast.Starred) for one in node.args)
    if is_whole and LEAVING_AS_IT_IS.issuperset(attributes.decorator_names(info)):
        for name, default in info.defaults.items():
            if name not in done:
                yield name, default, info.parent


def _names(node: ast.expr) -> set[str]:
    """The names whose value an argument may be: `x`, `x or ""`."""
    match node:
        case ast.Name(id=name):
            return {name}
        case ast.BoolOp(values=values):
            return {one for value in values for one in _names(value)}
        case _:
            return set()
