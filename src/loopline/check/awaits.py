"""Forgotten awaits: what becomes of every coroutine that a function makes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopline.check import calls, hints, paths
from loopline.check.acceptance import (
    all_async_iterable,
    all_of_project,
    all_pending,
    enters_async,
    gives_coroutine,
    is_async_only,
    is_awaitable_type,
    refused,
    wants_a_value,
)
from loopline.check.alternatives import every, inside
from loopline.check.libraries import Effect
from loopline.check.library_types import given
from loopline.check.model import FunctionInfo, children
from loopline.check.values import (
    Context,
    Coroutine,
    Frame,
    LibraryInstance,
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

TESTS = {"is always true", "is compared", "is used as a number or text"}
LITERALS = (ast.List, ast.Set, ast.Tuple, ast.Dict)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)


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
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if len(names) == len(values):
                for target, value in zip(names, values, strict=True):
                    if isinstance(target, ast.Name):
                        self._stored(node, target.id, value)
                    else:
                        self.consumed(value)
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
                elif self._is_pending(node) or self._is_awaitable_to_keep(node):
                    self._add("dropped", node)
                self._call(node)
            case ast.ListComp() | ast.SetComp() | ast.DictComp():
                task = self._task_in(node)
                if task is not None:
                    self._add("task", node, task.name, sure=True)
                elif self._is_pending(node):
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
            case ast.Await() if self._is_pending(node):
                self._add("dropped", node)
                self.consumed(node)
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
            case ast.Name() if not self._is_pending(node) and all_pending(tuple(inside(self._infer(node)))):
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
        return bool(typed) and not any(isinstance(one, Coroutine) or is_awaitable_type(one) for one in typed)

    def _stored(self, node: ast.stmt, name: str, value: ast.expr) -> None:
        function = self._info.node
        task = self._task_in(value)
        holds_several = isinstance(value, (*LITERALS, *COMPREHENSIONS))
        pending = all_pending(tuple(inside(self._infer(value)))) if holds_several else self._is_pending(value)
        local = isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and name not in self._info.global_names
        if local and (task is not None or pending) and not _is_nonlocal(function, name):
            assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            used = paths.is_ever_taken if holds_several and task is None else paths.is_ever_used
            if not used(function, name):
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
            case ast.Call() | ast.Name() | ast.Attribute() | ast.Subscript() | ast.Await():
                if self._is_pending(node, containers=containers) or (why in TESTS and self._is_awaitable_to_keep(node)):
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
        return self._every(node, lambda values: all_async_iterable(self._inference, values))

    def _entered(self, node: ast.expr) -> None:
        values = self._infer(node)
        if values and all(
            (isinstance(one, Context) and one.is_async)
            or isinstance(one, Coroutine)
            or is_async_only(self._inference, one)
            or enters_async(self._inference, one)
            for one in values
        ):
            self._add("with", node, _called_name(node))
        self.consumed(node)

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
            if self._is_pending(part, containers=False) and wants_a_value(self._inference, functions, node, part):
                self._add("passed", part, detail=_called_name(node))
            self.consumed(part)

    def _library_arguments(self, node: ast.Call, effect: Effect) -> None:
        not_taken = refused(self._inference, effect, node, self._info, self._frame)
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
            if part in not_taken and not isinstance(part, ast.Lambda):
                pending = self._is_pending(part, containers=bool(effect.drains)) or self._holds_pending(part)
                if pending and _called_name(node) not in TELLS_AWAITABLE:
                    self._add("passed", part, detail=_called_name(node))
            self.consumed(part)

    def _holds_pending(self, node: ast.expr) -> bool:
        """Whether a dict or list that is written there has a coroutine in it, at any depth."""
        match node:
            case ast.Dict(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return any(self._is_pending(one) or self._holds_pending(one) for one in parts)
            case _:
                return False

    def _is_coroutine_function(self, node: ast.expr) -> bool:
        values = self._infer(node)
        return bool(values) and all(gives_coroutine(self._inference, one) for one in values)

    # Values

    def _infer(self, node: ast.expr) -> Values:
        return self._inference.infer(node, self._info, self._frame)

    def _task_in(self, node: ast.expr) -> Effect | None:
        """What makes a task that must be kept: a call, or each turn of a comprehension."""
        match node:
            case ast.Call():
                return self._kept_effect(node)
            case ast.ListComp(elt=made) | ast.SetComp(elt=made) | ast.DictComp(value=made):
                self._inference.register(node.generators, node, self._info)
                return self._task_in(made)
            case _:
                return None

    def _kept_effect(self, node: ast.Call) -> Effect | None:
        for value in self._infer(node.func):
            effect = calls.library_effect(self._inference, value)
            if effect is not None and effect.keep:
                return effect
        return None

    def _is_awaitable_to_keep(self, node: ast.expr) -> bool:
        values = self._infer(node)
        kinds = [self._inference.libraries.cls(one.path) for one in values if isinstance(one, LibraryInstance)]
        return bool(kinds) and len(kinds) == len(values) and all(one is not None and one.keep for one in kinds)

    def _is_pending(self, node: ast.expr, *, containers: bool = True) -> bool:
        if isinstance(node, ast.Constant) or (isinstance(node, ast.Await) and not self._is_sure(node.value)):
            return False
        if containers and isinstance(node, COMPREHENSIONS):
            return all_pending(tuple(inside(self._infer(node))))
        if containers and isinstance(node, ast.Call):
            return self._every(node, lambda values: all_pending(tuple(inside(values))))
        return self._every(node, all_pending)

    def _every(self, node: ast.expr, holds: Callable[[Values], bool]) -> bool:
        return every(self._inference, node, self._info, self._frame, holds)

    def _is_sure(self, node: ast.expr) -> bool:
        """Whether an awaited expression is a call of the project, so that it is known what awaiting it gives."""
        return self._every(node, all_of_project)

    def _add(self, fate: str, node: ast.expr, name: str = "", *, detail: str = "", sure: bool = False) -> None:
        values = tuple(inside(self._infer(node)))
        certain = sure or all(not isinstance(one, Coroutine) or one.sure for one in values)
        name = (
            name
            or next((one.name for one in values if isinstance(one, Coroutine) and one.name), "")
            or _called_name(node)
        )
        self.found.append(Forgotten(fate, node, name, self._info, certain, detail))


def _is_nonlocal(function: ast.AST, name: str) -> bool:
    return any(isinstance(one, ast.Nonlocal) and name in one.names for one in ast.walk(function))


def _called_name(node: ast.expr) -> str:
    target = node.func if isinstance(node, ast.Call) else node
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""
