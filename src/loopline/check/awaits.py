"""Forgotten awaits: what becomes of every coroutine that a function makes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopline.check import attributes, calls, hints, paths
from loopline.check.libraries import Effect
from loopline.check.library_types import given
from loopline.check.model import ClassInfo, FunctionInfo, children
from loopline.check.values import (
    Class,
    Context,
    Coroutine,
    Frame,
    Function,
    Generator,
    Instance,
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

__all__ = ["Forgotten", "forgotten_awaits"]

HARMLESS = {
    "close",
    "send",
    "throw",
    "cr_frame",
    "cr_running",
    "cr_code",
    "__await__",
    "__name__",
    "__qualname__",
    "cr_await",
}
TELLS_AWAITABLE = {
    "iscoroutine",
    "isawaitable",
    "iscoroutinefunction",
    "isinstance",
    "hasattr",
    "callable",
    "type",
    "id",
}

CONTAINING = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp, ast.Call)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A coroutine, or a task, that nothing waits for.

    ``fate`` is what becomes of it: ``dropped``, ``returned``, ``response``, ``stored``, ``some path``, ``value``,
    ``passed``, ``function`` (a coroutine function where a plain one is called), ``task``, ``with`` or ``for``.
    """

    fate: str
    node: ast.AST
    name: str
    info: FunctionInfo
    certain: bool = True
    detail: str = ""


def forgotten_awaits(inference: Inference, info: FunctionInfo, *, answers: bool) -> list[Forgotten]:
    """Return the forgotten awaits in a function.

    Args:
        inference: Answers for expressions.
        info: The function.
        answers: Whether what it returns is a response, or is injected: an endpoint or a dependency.
    """
    walk = _Walk(inference, info, inference.default_frame(info), answers)
    with suppress(RecursionError):  # code nested beyond reason is left out
        if isinstance(info.node, ast.Lambda):
            if answers:
                walk.answer(info.node.body)
        else:
            for default in info.defaults.values():
                walk.consumed(default)
            for statement in info.node.body:
                walk.statement(statement)
    return walk.found


class _Walk:
    def __init__(self, inference: Inference, info: FunctionInfo, frame: Frame, answers: bool) -> None:
        self._inference = inference
        self._info = info
        self._frame = frame
        self._answers = answers
        self.found: list[Forgotten] = []

    # Statements

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return
            case ast.Expr(value=ast.Yield(value=ast.expr() as value)) if self._answers:
                self.answer(value)
            case ast.Expr(value=value):
                self._dropped(value)
            case ast.Return(value=value) if value is not None:
                self._returned(value)
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                self._stored(node, name, value)
            case ast.Assign(targets=[ast.Tuple() | ast.List()], value=value):
                self._value(value, "can't be unpacked")
            case ast.If(test=test) | ast.While(test=test) | ast.Assert(test=test):
                self._value(test, "is always true")
            case ast.For(iter=iterated):
                self._iterated(iterated)
            case ast.AsyncFor(iter=iterated):
                self._project_coroutine(iterated, "for")
                self.consumed(iterated)
            case ast.With(items=items):
                for item in items:
                    self._entered(item.context_expr)
            case ast.AsyncWith(items=items):
                for item in items:
                    self._project_coroutine(item.context_expr, "with")
                    self.consumed(item.context_expr)
            case ast.AugAssign(value=value):
                self._value(value, "is used as a number or text")
            case ast.Match(subject=subject):
                self._value(subject, "is matched")
            case _:
                for child in children(node):
                    if isinstance(child, ast.expr):
                        self.consumed(child)
        for child in children(node):
            if isinstance(child, ast.stmt):
                self.statement(child)
            elif isinstance(child, ast.ExceptHandler | ast.match_case):
                for inner in child.body:
                    self.statement(inner)

    def _dropped(self, node: ast.expr) -> None:
        match node:
            case ast.Call():
                effect = self._kept_effect(node)
                if effect is not None:
                    self._add("task", node, effect.name, sure=True)
                elif self._is_pending(node):
                    self._add("dropped", node)
                self._call(node)
            case ast.ListComp() | ast.SetComp():
                if self._is_pending(node):
                    self._add("dropped", node)
                self.consumed(node)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self._value(test, "is always true")
                self._dropped(body)
                self._dropped(orelse)
            case ast.BoolOp(values=values):
                for one in values[:-1]:
                    self._value(one, "is always true")
                self._dropped(values[-1])
            case _:
                self.consumed(node)

    def _returned(self, node: ast.expr) -> None:
        if self._answers:
            self.answer(node)
            return
        match node:
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self._value(test, "is always true")
                self._returned(body)
                self._returned(orelse)
            case _:
                if self._info.is_async and self._is_pending(node, containers=False) and self._promises_a_value():
                    self._add("returned", node)
                self.consumed(node)

    def answer(self, node: ast.expr) -> None:
        """Look at an expression that becomes a response, or that a dependency gives."""
        match node:
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self._value(test, "is always true")
                self.answer(body)
                self.answer(orelse)
            case ast.Dict(values=values):
                for one in values:
                    self._answer_part(one)
            case ast.List(elts=values) | ast.Tuple(elts=values) | ast.Set(elts=values):
                for one in values:
                    self._answer_part(one)
            case ast.BoolOp(values=values):
                for one in values:
                    self._value(one, "is always true")
            case ast.DictComp() | ast.ListComp() | ast.SetComp() if self._is_pending(node):
                self._add("response", node)
                self.consumed(node)
            case ast.Name() if not self._is_pending(node) and _all_pending(tuple(_inside(self._infer(node)))):
                self._add("response", node)
            case _:
                if self._is_pending(node):
                    self._add("returned", node)
                self.consumed(node)

    def _answer_part(self, node: ast.expr) -> None:
        if isinstance(node, ast.Dict | ast.List | ast.Tuple | ast.Set | ast.IfExp):
            self.answer(node)
        elif self._is_pending(node):
            self._add("response", node)
            self.consumed(node)
        else:
            self.consumed(node)

    def _promises_a_value(self) -> bool:
        returns = getattr(self._info.node, "returns", None)
        if returns is None:
            return False
        typed = hints.resolve(self._inference, returns, self._info.parent, self._frame)
        return bool(typed) and not any(isinstance(one, Coroutine) or _is_awaitable_type(one) for one in typed)

    def _stored(self, node: ast.stmt, name: str, value: ast.expr) -> None:
        function = self._info.node
        task = self._kept_effect(value) if isinstance(value, ast.Call) else None
        local = isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and name not in self._info.global_names
        if local and (task is not None or self._is_pending(value)) and not _is_nonlocal(function, name):
            assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            if not paths.is_ever_used(function, name):
                self._add(
                    "task" if task else "stored", value, task.name if task else "", detail=name, sure=task is not None
                )
            elif task is None and not paths.is_always_used(function, node, name):
                self._add("some path", value, detail=name)
        self.consumed(value)

    # Expressions

    def consumed(self, node: ast.expr) -> None:
        """Look inside an expression whose own value is taken care of, or goes where it can't be followed."""
        match node:
            case ast.Call():
                self._call(node)
            case ast.Lambda():
                pass
            case ast.BoolOp(values=values):
                for one in values[:-1]:
                    self._value(one, "is always true")
                self.consumed(values[-1])
            case ast.UnaryOp(operand=operand, op=op):
                self._value(operand, "is always true" if isinstance(op, ast.Not) else "is used as a number")
            case ast.Compare(left=left, comparators=others):
                for one in (left, *others):
                    self._value(one, "is compared")
            case ast.BinOp(left=left, right=right):
                self._value(left, "is used as a number or text")
                self._value(right, "is used as a number or text")
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self._value(test, "is always true")
                self.consumed(body)
                self.consumed(orelse)
            case ast.Attribute(value=value, attr=name):
                if name in HARMLESS:
                    self.consumed(value)
                else:
                    self._value(value, f"has no `{name}`")
            case ast.Subscript(value=value, slice=index):
                self._value(value, "can't be indexed", containers=False)
                self._value(index, "is an index")
            case ast.FormattedValue(value=value):
                self._value(value, "is formatted")
            case ast.JoinedStr(values=values):
                for one in values:
                    self.consumed(one)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                self._comprehension(node)
            case ast.Dict(keys=keys, values=values):
                for key, one in zip(keys, values, strict=True):
                    if key is None:
                        self._value(one, "can't be unpacked")
                    else:
                        self.consumed(key)
                        self.consumed(one)
            case ast.Starred(value=value):
                self._value(value, "can't be unpacked")
            case ast.NamedExpr(value=value) | ast.Await(value=value):
                self.consumed(value)
            case ast.YieldFrom(value=value):
                self._iterated(value)
            case _:
                for child in children(node):
                    if isinstance(child, ast.expr):
                        self.consumed(child)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        self._inference.register(node.generators, node, self._info)
        for generator in node.generators:
            if generator.is_async:
                self._project_coroutine(generator.iter, "for")
                self.consumed(generator.iter)
            else:
                self._iterated(generator.iter)
            for condition in generator.ifs:
                self._value(condition, "is always true")
        if isinstance(node, ast.DictComp):
            self._value(node.key, "is a key")
            self.consumed(node.value)
        else:
            self.consumed(node.elt)

    def _value(self, node: ast.expr, why: str, *, containers: bool = False) -> None:
        """Look at an expression whose value itself is needed."""
        match node:
            case ast.Call() | ast.Name() | ast.Attribute() | ast.Subscript():
                if self._is_pending(node, containers=containers):
                    self._add("value", node, detail=why)
                self.consumed(node)
            case ast.NamedExpr(value=value):
                self._value(value, why)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self._value(test, "is always true")
                self._value(body, why)
                self._value(orelse, why)
            case ast.BoolOp(values=values):
                for one in values:
                    self._value(one, why)
            case _:
                self.consumed(node)

    def _iterated(self, node: ast.expr) -> None:
        if self._is_async_iterable(node):
            self._add("for", node, _called_name(node))
        self._value(node, "can't be iterated")

    def _is_async_iterable(self, node: ast.expr) -> bool:
        values = self._infer(node)
        return bool(values) and all(
            (isinstance(one, Generator) and one.is_async) or self._only_async(one) for one in values
        )

    def _entered(self, node: ast.expr) -> None:
        values = self._infer(node)
        if values and all(
            (isinstance(one, Context) and one.is_async)
            or isinstance(one, Coroutine)
            or self._only_async(one)
            or self._enters_async(one)
            for one in values
        ):
            self._add("with", node, _called_name(node))
        self.consumed(node)

    def _only_async(self, value: Value) -> bool:
        described = self._inference.libraries.cls(value.path) if isinstance(value, LibraryInstance) else None
        return described is not None and described.only_async

    def _enters_async(self, value: Value) -> bool:
        if not isinstance(value, Instance):
            return False
        names = {
            name
            for one in self._inference.classes.ancestry(value.info)
            if isinstance(one, ClassInfo)
            for name in one.bindings
        }
        foreign = any(
            isinstance(one, str) and one != "builtins.object" for one in self._inference.classes.ancestry(value.info)
        )
        return "__aenter__" in names and "__enter__" not in names and not foreign

    def _project_coroutine(self, node: ast.expr, fate: str) -> None:
        """`async with` and `async for` need more than a coroutine of the project."""
        values = self._infer(node)
        if values and all(isinstance(one, Coroutine) and one.frame is not None and one.sure for one in values):
            self._add(f"async {fate}", node)

    def _call(self, node: ast.Call) -> None:
        functions = self._infer(node.func)
        if isinstance(node.func, ast.Attribute):
            if node.func.attr not in HARMLESS:
                self._value(node.func.value, f"has no `{node.func.attr}`")
        elif not isinstance(node.func, ast.Name):
            self.consumed(node.func)
        effects = [calls.library_effect(self._inference, one) for one in functions]
        known = [one for one in effects if one is not None]
        if known and len(known) == len(functions):
            self._library_arguments(node, known[0])
            return
        for part in (*node.args, *(keyword.value for keyword in node.keywords)):
            if self._is_pending(part, containers=False) and self._wants_a_value(functions, node, part):
                self._add("passed", part, detail=_called_name(node))
            self.consumed(part)

    def _library_arguments(self, node: ast.Call, effect: Effect) -> None:
        refused = [one for which in effect.refuses for one in given(node, which)]
        for which in (*effect.runs, *effect.threads, *effect.loop):
            for one in given(node, which):
                if (which not in effect.runs or effect.refuses) and self._is_coroutine_function(one):
                    self._add("function", one, _called_name(one), detail=_called_name(node))
        for which in effect.background:
            for one in given(node, which):
                if isinstance(one, ast.Lambda) and self._is_coroutine_function(one):
                    self._add("function", one, _called_name(one.body), detail=_called_name(node))
        for which in effect.drains:
            for one in given(node, which):
                if self._is_async_iterable(one):
                    self._add("for", one, _called_name(one))
        for part in (*node.args, *(keyword.value for keyword in node.keywords)):
            if part in refused and not isinstance(part, ast.Lambda):
                pending = self._is_pending(part, containers=bool(effect.drains))
                if pending and _called_name(node) not in TELLS_AWAITABLE:
                    self._add("passed", part, detail=_called_name(node))
            self.consumed(part)

    def _is_coroutine_function(self, node: ast.expr) -> bool:
        values = self._infer(node)
        return bool(values) and all(self._gives_coroutine(one) for one in values)

    def _gives_coroutine(self, value: Value) -> bool:
        match value:
            case Function(info=info, closure=closure, receiver=receiver):
                if info.is_async:
                    return not info.is_generator and calls.is_plainly_decorated(self._inference, info)
                if isinstance(info.node, ast.Lambda):
                    returned = self._inference.returns(self._inference.frame(info, (), closure, receiver))
                    return _all_pending(returned)
                return False
            case Partial(function=function):
                return self._gives_coroutine(function)
            case LibraryMethod():
                effect = calls.library_effect(self._inference, value)
                return effect is not None and effect.is_async
            case Offloaded():
                return True
            case _:
                return False

    def _wants_a_value(self, functions: Values, node: ast.Call, part: ast.expr) -> bool:
        """Whether the parameter that an argument goes to has a type that no coroutine has."""
        if not functions:
            return False
        for function in functions:
            typed: Values = ()
            match function:
                case Function(info=info, receiver=receiver):
                    offset = 1 if receiver is not None and info.owner is not None else 0
                    typed = self._parameter_type(info, node, part, offset)
                case Class(info=owner):
                    typed = self._field_type(owner, node, part)
                case _:
                    return False
            if not typed or any(isinstance(one, Coroutine) or _is_awaitable_type(one) for one in typed):
                return False
        return True

    def _parameter_type(self, info: FunctionInfo, node: ast.Call, part: ast.expr, offset: int) -> Values:
        names = info.positional[offset:]
        wanted: ast.arg | None = None
        if part in node.args and node.args.index(part) < len(names):
            wanted = names[node.args.index(part)]
        else:
            name = next((keyword.arg for keyword in node.keywords if keyword.value is part), None)
            wanted = next((arg for arg in info.parameters if arg.arg == name), None)
        if wanted is None or wanted.annotation is None:
            return ()
        return hints.resolve(self._inference, wanted.annotation, info, None)

    def _field_type(self, owner: ClassInfo, node: ast.Call, part: ast.expr) -> Values:
        for one in attributes.get(self._inference, Instance(owner, exact=True), "__init__"):
            if isinstance(one, Function):
                return self._parameter_type(one.info, node, part, 1)
        name = next((keyword.arg for keyword in node.keywords if keyword.value is part), None)
        for ancestor in self._inference.classes.ancestry(owner):
            bound = ancestor.bindings.get(name) if isinstance(ancestor, ClassInfo) and name else None
            if bound and bound[-1].annotation is not None and isinstance(ancestor, ClassInfo):
                return hints.resolve(self._inference, bound[-1].annotation, ancestor, None)
        return ()

    # Values

    def _infer(self, node: ast.expr) -> Values:
        return self._inference.infer(node, self._info, self._frame)

    def _kept_effect(self, node: ast.Call) -> Effect | None:
        for value in self._infer(node.func):
            effect = calls.library_effect(self._inference, value)
            if effect is not None and effect.keep:
                return effect
        return None

    def _is_pending(self, node: ast.expr, *, containers: bool = True) -> bool:
        if isinstance(node, ast.Await | ast.Constant):
            return False
        values = self._infer(node)
        if containers and isinstance(node, CONTAINING):
            values = tuple(_inside(values))
        return _all_pending(values)

    def _add(self, fate: str, node: ast.expr, name: str = "", *, detail: str = "", sure: bool = False) -> None:
        values = tuple(_inside(self._infer(node)))
        certain = sure or all(not isinstance(one, Coroutine) or one.sure for one in values)
        name = (
            name
            or next((one.name for one in values if isinstance(one, Coroutine) and one.name), "")
            or _called_name(node)
        )
        self.found.append(Forgotten(fate, node, name, self._info, certain, detail))


def _inside(values: Values) -> Iterator[Value]:
    for value in values:
        match value:
            case Sequence(elements=elements) | Mapping(elements=elements) if elements:
                yield from elements
            case Tuple(parts=parts) if parts:
                for part in parts:
                    yield from part
            case _:
                yield value


def _all_pending(values: Values) -> bool:
    return bool(values) and all(isinstance(one, Coroutine) and not one.lenient for one in values)


def _is_awaitable_type(value: Value) -> bool:
    return isinstance(value, LibraryInstance) and (
        value.path in ("asyncio.Task", "asyncio.Future", "builtins.object") or "typing" in value.path
    )


def _is_nonlocal(function: ast.AST, name: str) -> bool:
    return any(isinstance(one, ast.Nonlocal) and name in one.names for one in ast.walk(function))


def _called_name(node: ast.expr) -> str:
    target = node.func if isinstance(node, ast.Call) else node
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""
