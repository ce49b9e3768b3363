"""Forgotten awaits: what becomes of every coroutine that a function makes."""

from __future__ import annotations

import ast
from contextlib import suppress
from typing import TYPE_CHECKING

from loopline.check import hints, paths
from loopline.check.acceptance import (
    all_pending,
    is_awaitable_type,
)
from loopline.check.alternatives import inside
from loopline.check.model import FunctionInfo, children
from loopline.check.uses import Forgotten, Uses
from loopline.check.values import (
    Coroutine,
    Frame,
)

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["forgotten_awaits"]

LITERALS = (ast.List, ast.Set, ast.Tuple, ast.Dict)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)


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
                walk.uses.consumed(default)
            for statement in info.node.body:
                walk.statement(statement)
    return walk.uses.found


class _Walk:
    def __init__(self, inference: Inference, info: FunctionInfo, frame: Frame, answers: bool) -> None:
        self._inference = inference
        self._info = info
        self._frame = frame
        self._answers = answers
        self.uses = Uses(inference, info, frame)
        self._pending = self.uses.pending

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
                        self.uses.consumed(value)
            case ast.Assign(targets=[ast.Tuple() | ast.List()], value=value):
                self.uses.value(value, "can't be unpacked")
            case ast.If(test=test) | ast.While(test=test) | ast.Assert(test=test):
                self.uses.value(test, "is always true")
            case ast.For(iter=iterated):
                self.uses.iterated(iterated)
            case ast.AsyncFor(iter=iterated):
                self.uses.project_coroutine(iterated, "for")
                self.uses.consumed(iterated)
            case ast.With(items=items):
                for item in items:
                    self.uses.entered(item.context_expr)
            case ast.AsyncWith(items=items):
                for item in items:
                    self.uses.project_coroutine(item.context_expr, "with")
                    self.uses.consumed(item.context_expr)
            case ast.AugAssign(value=value):
                self.uses.value(value, "is used as a number or text")
            case ast.Match(subject=subject):
                self.uses.value(subject, "is matched")
            case _:
                for child in children(node):
                    if isinstance(child, ast.expr):
                        self.uses.consumed(child)
        for child in children(node):
            if isinstance(child, ast.stmt):
                self.statement(child)
            elif isinstance(child, ast.ExceptHandler | ast.match_case):
                for inner in child.body:
                    self.statement(inner)

    def _dropped(self, node: ast.expr) -> None:
        match node:
            case ast.Call():
                effect = self._pending.kept_effect(node)
                if effect is not None:
                    self.uses.add("task", node, effect.name, sure=True)
                elif self._pending.is_pending(node) or self._pending.is_awaitable_to_keep(node):
                    self.uses.add("dropped", node)
                self.uses.call(node)
            case ast.ListComp() | ast.SetComp() | ast.DictComp():
                task = self._pending.task_in(node)
                if task is not None:
                    self.uses.add("task", node, task.name, sure=True)
                elif self._pending.is_pending(node):
                    self.uses.add("dropped", node)
                self.uses.consumed(node)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.uses.value(test, "is always true")
                self._dropped(body)
                self._dropped(orelse)
            case ast.BoolOp(values=values):
                for one in values[:-1]:
                    self.uses.value(one, "is always true")
                self._dropped(values[-1])
            case ast.Await() if self._pending.is_pending(node):
                self.uses.add("dropped", node)
                self.uses.consumed(node)
            case _:
                self.uses.consumed(node)

    def _returned(self, node: ast.expr) -> None:
        if self._answers:
            self.answer(node)
            return
        match node:
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.uses.value(test, "is always true")
                self._returned(body)
                self._returned(orelse)
            case _:
                if (
                    self._info.is_async
                    and self._pending.is_pending(node, containers=False)
                    and self._promises_a_value()
                ):
                    self.uses.add("returned", node)
                self.uses.consumed(node)

    def answer(self, node: ast.expr) -> None:
        """Look at an expression that becomes a response, or that a dependency gives."""
        match node:
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.uses.value(test, "is always true")
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
                    self.uses.value(one, "is always true")
            case ast.DictComp() | ast.ListComp() | ast.SetComp() if self._pending.is_pending(node):
                self.uses.add("response", node)
                self.uses.consumed(node)
            case ast.Name() if not self._pending.is_pending(node) and all_pending(
                tuple(inside(self._pending.infer(node)))
            ):
                self.uses.add("response", node)
            case _:
                if self._pending.is_pending(node):
                    self.uses.add("returned", node)
                self.uses.consumed(node)

    def _answer_part(self, node: ast.expr) -> None:
        if isinstance(node, ast.Dict | ast.List | ast.Tuple | ast.Set | ast.IfExp):
            self.answer(node)
        elif self._pending.is_pending(node):
            self.uses.add("response", node)
            self.uses.consumed(node)
        else:
            self.uses.consumed(node)

    def _promises_a_value(self) -> bool:
        returns = getattr(self._info.node, "returns", None)
        if returns is None:
            return False
        typed = hints.resolve(self._inference, returns, self._info.parent, self._frame)
        return bool(typed) and not any(isinstance(one, Coroutine) or is_awaitable_type(one) for one in typed)

    def _stored(self, node: ast.stmt, name: str, value: ast.expr) -> None:
        function = self._info.node
        task = self._pending.task_in(value)
        holds_several = isinstance(value, (*LITERALS, *COMPREHENSIONS))
        pending = (
            all_pending(tuple(inside(self._pending.infer(value)))) if holds_several else self._pending.is_pending(value)
        )
        local = isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and name not in self._info.global_names
        if local and (task is not None or pending) and not _is_nonlocal(function, name):
            assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            used = paths.is_ever_taken if holds_several and task is None else paths.is_ever_used
            if not used(function, name):
                self.uses.add(
                    "task" if task else "stored", value, task.name if task else "", detail=name, sure=task is not None
                )
            elif task is None and not paths.is_always_used(function, node, name):
                self.uses.add("some path", value, detail=name)
        self.uses.consumed(value)


def _is_nonlocal(function: ast.AST, name: str) -> bool:
    return any(isinstance(one, ast.Nonlocal) and name in one.names for one in ast.walk(function))
