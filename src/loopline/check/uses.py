"""Forgotten awaits in expressions: what is done with the value of each part."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loopline.check import calls
from loopline.check.acceptance import enters_async, is_async_only, refused, wants_a_value
from loopline.check.alternatives import inside
from loopline.check.libraries import Effect
from loopline.check.library_types import given
from loopline.check.model import LEAVES, FunctionInfo, children
from loopline.check.pending import Pending
from loopline.check.values import Context, Coroutine, Frame

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["Forgotten", "Uses"]

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


class Uses:
    """The uses of values in one function; what is forgotten is in ``found``."""

    def __init__(self, inference: Inference, info: FunctionInfo, frame: Frame) -> None:
        self._inference = inference
        self._info = info
        self._frame = frame
        self.pending = Pending(inference, info, frame)
        self.found: list[Forgotten] = []

    def consumed(self, node: ast.expr) -> None:
        """Look inside an expression whose own value is taken care of, or goes where it can't be followed."""
        if node.__class__ in LEAVES:
            return
        match node:
            case ast.Call():
                self.call(node)
            case ast.Lambda():
                pass
            case ast.BoolOp(values=values):
                for one in values[:-1]:
                    self.value(one, "is always true")
                self.consumed(values[-1])
            case ast.UnaryOp(operand=operand, op=op):
                self.value(operand, "is always true" if isinstance(op, ast.Not) else "is used as a number")
            case ast.Compare(left=left, comparators=others):
                for one in (left, *others):
                    self.value(one, "is compared")
            case ast.BinOp(left=left, right=right):
                self.value(left, "is used as a number or text")
                self.value(right, "is used as a number or text")
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.value(test, "is always true")
                self.consumed(body)
                self.consumed(orelse)
            case ast.Attribute(value=value, attr=name):
                if name in HARMLESS:
                    self.consumed(value)
                else:
                    self.value(value, f"has no `{name}`")
            case ast.Subscript(value=value, slice=index):
                self.value(value, "can't be indexed", containers=False)
                self.value(index, "is an index")
            case ast.FormattedValue(value=value):
                self.value(value, "is formatted")
            case ast.JoinedStr(values=values):
                for one in values:
                    self.consumed(one)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                self._comprehension(node)
            case ast.Dict(keys=keys, values=values):
                for key, one in zip(keys, values, strict=True):
                    if key is None:
                        self.value(one, "can't be unpacked")
                    else:
                        self.consumed(key)
                        self.consumed(one)
            case ast.Starred(value=value):
                self.value(value, "can't be unpacked")
            case ast.NamedExpr(value=value) | ast.Await(value=value):
                self.consumed(value)
            case ast.YieldFrom(value=value):
                self.iterated(value)
            case _:
                for child in children(node):
                    if isinstance(child, ast.expr):
                        self.consumed(child)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        self._inference.register(node.generators, node, self._info)
        for generator in node.generators:
            if generator.is_async:
                self.project_coroutine(generator.iter, "for")
                self.consumed(generator.iter)
            else:
                self.iterated(generator.iter)
            for condition in generator.ifs:
                self.value(condition, "is always true")
        if isinstance(node, ast.DictComp):
            self.value(node.key, "is a key")
            self.consumed(node.value)
        else:
            self.consumed(node.elt)

    def value(self, node: ast.expr, why: str, *, containers: bool = False) -> None:
        """Look at an expression whose value itself is needed."""
        match node:
            case ast.Call() | ast.Name() | ast.Attribute() | ast.Subscript() | ast.Await():
                if self.pending.is_pending(node, containers=containers) or (
                    why in TESTS and self.pending.is_awaitable_to_keep(node)
                ):
                    self.add("value", node, detail=why)
                self.consumed(node)
            case ast.NamedExpr(value=value):
                self.value(value, why)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.value(test, "is always true")
                self.value(body, why)
                self.value(orelse, why)
            case ast.BoolOp(values=values):
                for one in values:
                    self.value(one, why)
            case _:
                self.consumed(node)

    def iterated(self, node: ast.expr) -> None:
        """Look at what `for` iterates."""
        if self.pending.is_async_iterable(node):
            self.add("for", node, _called_name(node))
        self.value(node, "can't be iterated")

    def entered(self, node: ast.expr) -> None:
        """Look at what `with` enters."""
        values = self.pending.infer(node)
        if values and all(
            (isinstance(one, Context) and one.is_async)
            or isinstance(one, Coroutine)
            or is_async_only(self._inference, one)
            or enters_async(self._inference, one)
            for one in values
        ):
            self.add("with", node, _called_name(node))
        self.consumed(node)

    def project_coroutine(self, node: ast.expr, fate: str) -> None:
        """`async with` and `async for` need more than a coroutine of the project."""
        values = self.pending.infer(node)
        if values and all(isinstance(one, Coroutine) and one.frame is not None and one.sure for one in values):
            self.add(f"async {fate}", node)

    def call(self, node: ast.Call) -> None:
        """Look at what is called, and what becomes of its arguments."""
        functions = self.pending.infer(node.func)
        if isinstance(node.func, ast.Attribute):
            if node.func.attr not in HARMLESS:
                self.value(node.func.value, f"has no `{node.func.attr}`")
        elif not isinstance(node.func, ast.Name):
            self.consumed(node.func)
        effects = [calls.library_effect(self._inference, one) for one in functions]
        known = [one for one in effects if one is not None]
        if known and len(known) == len(functions):
            self._library_arguments(node, known[0])
            return
        for part in (*node.args, *(keyword.value for keyword in node.keywords)):
            if self.pending.is_pending(part, containers=False) and wants_a_value(
                self._inference, functions, node, part
            ):
                self.add("passed", part, detail=_called_name(node))
            self.consumed(part)

    def _library_arguments(self, node: ast.Call, effect: Effect) -> None:
        not_taken = refused(self._inference, effect, node, self._info, self._frame)
        for which in (*effect.runs, *effect.threads, *effect.loop):
            for one in given(node, which):
                if (which not in effect.runs or effect.refuses) and self.pending.is_coroutine_function(one):
                    self.add("function", one, _called_name(one), detail=_called_name(node))
        for which in effect.background:
            for one in given(node, which):
                if isinstance(one, ast.Lambda) and self.pending.is_coroutine_function(one):
                    self.add("function", one, _called_name(one.body), detail=_called_name(node))
        for which in effect.drains:
            for one in given(node, which):
                if self.pending.is_async_iterable(one):
                    self.add("for", one, _called_name(one))
        for part in (*node.args, *(keyword.value for keyword in node.keywords)):
            if part in not_taken and not isinstance(part, ast.Lambda):
                pending = self.pending.is_pending(part, containers=bool(effect.drains)) or self.pending.holds_pending(
                    part
                )
                if pending and _called_name(node) not in TELLS_AWAITABLE:
                    self.add("passed", part, detail=_called_name(node))
            self.consumed(part)

    def add(self, fate: str, node: ast.expr, name: str = "", *, detail: str = "", sure: bool = False) -> None:
        """Note something forgotten."""
        values = tuple(inside(self.pending.infer(node)))
        certain = sure or all(not isinstance(one, Coroutine) or one.sure for one in values)
        name = (
            name
            or next((one.name for one in values if isinstance(one, Coroutine) and one.name), "")
            or _called_name(node)
        )
        self.found.append(Forgotten(fate, node, name, self._info, certain, detail))


def _called_name(node: ast.expr) -> str:
    target = node.func if isinstance(node, ast.Call) else node
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""
