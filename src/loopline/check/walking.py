"""One walk through a function's body: what it does to its thread, in source order."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from loopline.check import attributes, calls, decorators, parameters
from loopline.check.construction import constructors
from loopline.check.events import Block, Run
from loopline.check.harmless import is_harmless
from loopline.check.libraries import Effect
from loopline.check.library_types import given
from loopline.check.model import LEAVES, FunctionInfo, children
from loopline.check.nodes import kinds
from loopline.check.settled import begins
from loopline.check.unknown import looks_blocking
from loopline.check.values import (
    Class,
    Context,
    Frame,
    Function,
    Generator,
    Instance,
    Library,
    LibraryInstance,
    LibraryMethod,
    Partial,
    Value,
    Values,
)
from loopline.check.ways import is_way, with_alternatives, with_ways

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["effects_of"]

LOOKED_AT = kinds(
    ast.Call, ast.Attribute, ast.Await, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.With,
    ast.AsyncWith, ast.For, ast.AsyncFor, ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp, ast.YieldFrom,
    ast.Starred, ast.Subscript,
)  # fmt: skip


def effects_of(inference: Inference, frame: Frame) -> list[Block | Run]:
    """Return the calls that block and the functions that run in a call of a function, in source order.

    Args:
        inference: Answers for expressions.
        frame: The call.
    """
    return _Walk(inference, frame).run()


class _Walk:
    def __init__(self, inference: Inference, frame: Frame) -> None:
        self._inference = inference
        self._frame = frame
        self._info: FunctionInfo = frame.info
        self._found: list[Block | Run] = []

    def run(self) -> list[Block | Run]:
        node = self._info.node
        if not self._info.is_async:
            for decorator, effect in decorators.added(self._inference, self._info):
                self._found.append(Block(decorator, effect, effect.certain))
        if isinstance(node, ast.Lambda):
            self._expression(node.body)
        else:
            for statement in node.body:
                self._visit(statement)
        return self._found

    def _visit(self, node: ast.AST) -> None:
        if node.__class__ in LOOKED_AT and self._looks_at(node):
            return
        for child in children(node):
            if child.__class__ not in LEAVES:
                self._visit(child)

    def _looks_at(self, node: ast.AST) -> bool:
        """Take care of a node; tell whether that includes all that is below it."""
        match node:
            case ast.Call():
                self._call(node, awaited=False)
            case ast.Attribute(ctx=ast.Load()):
                self._attribute(node)
                return False
            case ast.Await(value=ast.Call() as inner):
                self._call(inner, awaited=True)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for decorator in node.decorator_list:
                    self._visit(decorator)
            case ast.ClassDef() | ast.Lambda():
                pass
            case ast.With(items=items, body=body):
                for item in items:
                    self._with(item.context_expr)
                    self._leaves(item, body)
                return False
            case ast.AsyncWith(items=items):
                for item in items:
                    self._async_with(item.context_expr)
                for statement in node.body:
                    self._visit(statement)
            case ast.For(iter=iterated):
                self._iterates(iterated, self._infer(iterated))
                return False
            case ast.AsyncFor(iter=iterated):
                self._async_for(node, iterated)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                self._comprehension(node)
            case ast.YieldFrom(value=iterated) | ast.Starred(value=iterated, ctx=ast.Load()):
                self._iterates(iterated, self._infer(iterated))
                return False
            case ast.Subscript(ctx=ast.Load(), value=value):
                self._method(node, self._infer(value), "__getitem__")
                return False
            case _:
                return False
        return True

    def _expression(self, node: ast.expr) -> None:
        self._visit(node)

    def _infer(self, node: ast.expr) -> Values:
        return self._inference.infer(node, self._info, self._frame)

    def _call(self, node: ast.Call, *, awaited: bool) -> None:
        values = self._infer(node.func)
        before = len(self._found)
        ways: list[list[Block | Run]] = []
        for value in values:
            start = len(self._found)
            self._called(node, value, awaited=awaited, certain=True)
            if is_way(self._inference, value):
                ways.append(self._found[start:])
        new = with_alternatives(values, self._found[before:])
        self._found[before:] = with_ways(ways, new) if len(ways) > 1 else new
        if isinstance(node.func, ast.Attribute):
            self._attribute(node.func)
            self._visit(node.func.value)
        elif not isinstance(node.func, ast.Name):
            self._visit(node.func)
        for part in node.args:
            if part.__class__ not in LEAVES:
                self._visit(part)
        for keyword in node.keywords:
            if keyword.value.__class__ not in LEAVES:
                self._visit(keyword.value)

    def _called(self, node: ast.Call, value: Value, *, awaited: bool, certain: bool) -> None:
        match value:
            case Function():
                frame = parameters.bind(self._inference, value, node, self._info, self._frame)
                self._runs(node, value, frame, certain=certain, awaited=awaited)
            case Partial(function=Function() as function, possible=possible):
                frame = parameters.bind(self._inference, function, node, self._info, self._frame, whole=possible)
                self._runs(node, function, frame, certain=certain and not possible, awaited=awaited)
            case Partial(function=function, possible=possible):
                self._called(node, function, awaited=awaited, certain=certain and not possible)
            case Class():
                for function in constructors(self._inference, value):
                    frame = parameters.bind(self._inference, function, node, self._info, self._frame)
                    self._runs(node, function, frame, certain=certain)
                for ancestor in self._inference.classes.ancestry(value.info):
                    described = self._inference.libraries.cls(ancestor) if isinstance(ancestor, str) else None
                    if described is not None and "__init__" not in value.info.bindings:
                        self._effect(node, described.construct, certain=certain)
            case Instance():
                for method in attributes.get(self._inference, value, "__call__"):
                    self._called(node, method, awaited=awaited, certain=certain)
            case Library() | LibraryMethod() | LibraryInstance():
                effect = calls.library_effect(self._inference, value)
                if effect is not None:
                    if not (isinstance(value, LibraryMethod) and value.maker is self._info):
                        self._effect(node, effect, certain=certain, awaited=awaited)
                    self._arguments(node, effect)
                elif not awaited:
                    guessed = looks_blocking(self._inference.libraries, value, node, self._info)
                    if guessed is not None:
                        self._found.append(Block(node, guessed, certain=False))
            case _:
                pass

    def _runs(self, node: ast.AST, function: Function, frame: Frame, *, certain: bool, awaited: bool = True) -> None:
        """Note a call of a project's function: its body runs now, or when awaited; a generator's when iterated."""
        info = function.info
        if info.is_generator and not info.is_async:
            return
        spawned = info.is_async and not awaited
        self._found.append(Run(node, frame, certain and not function.possible, later=info.is_async, spawned=spawned))

    def _effect(self, node: ast.AST, effect: Effect, *, certain: bool, awaited: bool = False) -> None:
        if not effect.blocks or effect.is_async or awaited:
            return
        if not is_harmless(self._inference, node, effect, self._frame):
            self._found.append(Block(node, effect, certain and effect.certain))

    def _arguments(self, node: ast.Call, effect: Effect) -> None:
        """Functions that a library's function calls, and what it iterates, now or later on the loop."""
        for which in effect.runs:
            for one in given(node, which):
                for value in self._infer(one):
                    self._handed(node, value, later=False, called=one)
        for which in (*effect.loop, *effect.background):
            for one in given(node, which):
                for value in self._infer(one):
                    if which in effect.loop or (isinstance(value, Function) and value.info.is_async):
                        self._handed(node, value, later=True, called=one)
        for which in () if effect.is_async else effect.entered:
            for one in given(node, which):
                self._with(one)
        for which in effect.drains:
            for one in given(node, which):
                if not isinstance(one, ast.GeneratorExp | ast.ListComp):
                    self._iterates(one, self._infer(one))

    def _handed(self, node: ast.AST, value: Value, *, later: bool, called: ast.expr) -> None:
        match value:
            case Function(info=info, closure=closure, receiver=receiver, possible=possible):
                frame = self._inference.frame(info, (), closure, receiver)
                if not info.is_generator:
                    run = Run(node, frame, not possible, later=later or info.is_async, spawned=later, called=called)
                    self._found.append(run)
            case Partial(function=function):
                self._handed(node, function, later=later, called=called)
            case Class() if not later:
                for function in constructors(self._inference, value):
                    self._handed(node, function, later=False, called=called)
            case Instance():
                for method in attributes.get(self._inference, value, "__call__"):
                    self._handed(node, method, later=later, called=called)
            case Library() | LibraryMethod() if not later:
                effect = calls.library_effect(self._inference, value)
                if effect is not None:
                    self._effect(node, effect, certain=True)
            case _:
                pass

    def _attribute(self, node: ast.Attribute) -> None:
        for value in self._infer(node.value):
            for function in attributes.properties(self._inference, value, node.attr):
                frame = self._inference.frame(function.info, (), None, function.receiver)
                self._runs(node, function, frame, certain=True)

    def _with(self, node: ast.expr) -> None:
        for value in self._infer(node):
            match value:
                case Context(frame=frame, is_async=False):
                    self._found.append(Run(node, frame, certain=True))
                case Instance():
                    for name in ("__enter__", "__exit__"):
                        self._method(node, (value,), name)
                case LibraryInstance(path=path):
                    described = self._inference.libraries.cls(path)
                    if described is not None and described.enters is not None:
                        self._effect(node, described.enters, certain=True)
                case _:
                    pass

    def _leaves(self, item: ast.withitem, body: list[ast.stmt]) -> None:
        """The end of `with ThreadPoolExecutor() as pool`: it waits for what was given to the pool in between."""
        held = item.optional_vars if item.optional_vars is not None else item.context_expr
        for value in self._infer(item.context_expr):
            described = self._inference.libraries.cls(value.path) if isinstance(value, LibraryInstance) else None
            if described is not None and described.leaves is not None and begins(held, body, described.leaves_after):
                self._effect(item.context_expr, described.leaves, certain=True)

    def _async_with(self, node: ast.expr) -> None:
        for value in self._infer(node):
            match value:
                case Context(frame=frame, is_async=True):
                    self._found.append(Run(node, frame, certain=True, later=True))
                case Instance():
                    for name in ("__aenter__", "__aexit__"):
                        self._method(node, (value,), name)
                case _:
                    pass
        if isinstance(node, ast.Call):
            self._call(node, awaited=True)
        else:
            self._visit(node)

    def _async_for(self, node: ast.AsyncFor, iterated: ast.expr) -> None:
        self._async_iterates(iterated)
        for child in (node.target, *node.body, *node.orelse):
            self._visit(child)

    def _async_iterates(self, iterated: ast.expr) -> None:
        for value in self._infer(iterated):
            if isinstance(value, Generator) and value.is_async:
                self._found.append(Run(iterated, value.frame, certain=True, later=True))
            elif isinstance(value, Instance):
                self._method(iterated, (value,), "__anext__")
        if isinstance(iterated, ast.Call):
            self._call(iterated, awaited=True)
        else:
            self._visit(iterated)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        self._inference.register(node.generators, node, self._info)
        for generator in node.generators:
            if generator.is_async:
                self._async_iterates(generator.iter)
            else:
                self._iterates(generator.iter, self._infer(generator.iter))
                self._visit(generator.iter)
            for condition in generator.ifs:
                self._visit(condition)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self._visit(part)

    def _iterates(self, node: ast.AST, values: Values) -> None:
        for value in values:
            match value:
                case Generator(frame=frame, is_async=False):
                    self._found.append(Run(node, frame, certain=True))
                case Instance():
                    for name in ("__iter__", "__next__"):
                        self._method(node, (value,), name)
                case LibraryInstance(path=path, maker=maker):
                    described = self._inference.libraries.cls(path)
                    if described is not None and described.iterates is not None and maker is not self._info:
                        self._effect(node, described.iterates, certain=True)
                case _:
                    pass

    def _method(self, node: ast.AST, values: Values, name: str) -> None:
        for value in values:
            if not isinstance(value, Instance):
                continue
            for function in attributes.get(self._inference, value, name):
                if isinstance(function, Function):
                    frame = self._inference.frame(function.info, (), function.closure, function.receiver)
                    if function.info.is_generator and not function.info.is_async:
                        self._found.append(Run(node, frame, not function.possible))
                    else:
                        self._runs(node, function, frame, certain=True)
