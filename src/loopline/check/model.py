"""What is known of the checked project before anything is inferred: modules, classes, functions, names."""

from __future__ import annotations

import ast
import re
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from operator import attrgetter
from pathlib import Path
from typing import Any

from loopline.check.nodes import kinds

__all__ = [
    "LEAVES",
    "MOCKS",
    "Binding",
    "ClassInfo",
    "FunctionInfo",
    "FunctionNode",
    "ModuleInfo",
    "Scope",
    "awaits",
    "children",
    "extent",
    "first_line",
    "own_nodes",
]

PARSED = {"tree", "bindings", "stars", "functions", "classes"}
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
MOCKS = re.compile(
    r"\b(?:mock|mocker|patch|monkeypatch|MagicMock|respx|responses|httpretty|requests_mock|moto|vcr|fakeredis)\b"
)


@dataclass(slots=True, eq=False)
class Binding:
    """A place where a name gets a value.

    ``kind`` says how: ``value``, ``annotation`` (only), ``param``, ``def``, ``class``, ``import``, ``from``,
    ``item`` (of an iteration), ``enter`` (of a context manager) or ``opaque``. ``start`` is where, ``end`` the end of
    its block: a use in between is sure to see it.
    """

    kind: str
    start: tuple[int, int]
    end: tuple[int, int]
    node: ast.AST | None = None
    annotation: ast.expr | None = None
    info: FunctionInfo | ClassInfo | None = None
    target: str = ""
    path: tuple[int, ...] = ()
    is_async: bool = False
    scope: Scope | None = None
    inner: tuple[tuple[int, int], tuple[int, int]] | None = None


class ModuleInfo:
    """A module: its dotted name, its file and its source. It is parsed when its tree or its names are asked for."""

    tree: ast.Module
    bindings: dict[str, list[Binding]]
    stars: list[str]
    functions: list[FunctionInfo]
    classes: list[ClassInfo]
    parent: None = None

    def __init__(self, name: str, path: Path, shown: str, source: str, *, is_package: bool) -> None:
        self.name = name
        self.path = path
        self.shown = shown
        self.source = source
        self.is_package = is_package
        self.number = 0  # its place in the project
        self.is_loaded = False
        self.load: Callable[[ModuleInfo], None] | None = None

    def __getattr__(self, name: str) -> Any:
        """Parse it: only what is not there yet is looked for here."""
        if self.is_loaded or name not in PARSED:
            raise AttributeError(name)
        self.is_loaded = True
        self.bindings, self.stars, self.functions, self.classes = {}, [], [], []
        if self.load is not None:
            self.load(self)
        return getattr(self, name)

    @cached_property
    def _starts(self) -> array[int]:
        """Where each line begins, and the end: lines themselves would take as much again as the source."""
        return array("I", accumulate(map(len, self.source.splitlines(keepends=True)), initial=0))

    @cached_property
    def is_test(self) -> bool:
        """Whether it is a part of the tests."""
        *folders, name = self.shown.split("/")
        return any(one in ("tests", "test") for one in folders) or name.startswith(("test_", "conftest"))

    @cached_property
    def is_mocked(self) -> bool:
        """Whether it replaces what it calls: with that, nobody waits for the network."""
        return MOCKS.search(self.source) is not None

    @property
    def module(self) -> ModuleInfo:
        """Itself: every scope has a module."""
        return self

    def line(self, number: int) -> str:
        """Return a line of the source, stripped."""
        return self.text(number, number).strip() if number > 0 else ""

    def text(self, first: int, last: int) -> str:
        """Return the source from one line to another."""
        start, end = self.span(first, last)
        return self.source[start:end]

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return where in the source one line begins, and another ends."""
        end = len(self._starts) - 1
        return self._starts[min(first - 1, end)], self._starts[min(last, end)]


@dataclass(eq=False)
class ClassInfo:
    """A class: its names, its bases, and what its methods assign to ``self``."""

    name: str
    node: ast.ClassDef
    module: ModuleInfo
    parent: Scope
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    attributes: dict[str, list[Binding]] = field(default_factory=dict)

    @property
    def qualified(self) -> str:
        """Its dotted name."""
        return f"{self.module.name}.{self.name}"


@dataclass(eq=False)
class FunctionInfo:
    """A function, method or lambda."""

    name: str
    node: FunctionNode
    module: ModuleInfo
    parent: Scope
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    global_names: set[str] = field(default_factory=set)
    registered: set[int] = field(default_factory=set)

    @property
    def is_async(self) -> bool:
        """Whether it is an ``async def``."""
        return isinstance(self.node, ast.AsyncFunctionDef)

    @property
    def owner(self) -> ClassInfo | None:
        """The class whose method it is."""
        return self.parent if isinstance(self.parent, ClassInfo) else None

    @cached_property
    def parameters(self) -> list[ast.arg]:
        """Its parameters that take an argument each, in order."""
        given = self.node.args
        return [*given.posonlyargs, *given.args, *given.kwonlyargs]

    @cached_property
    def positional(self) -> list[ast.arg]:
        """Its parameters that may be given by position."""
        return [*self.node.args.posonlyargs, *self.node.args.args]

    @cached_property
    def defaults(self) -> dict[str, ast.expr]:
        """The default of each parameter that has one."""
        given = self.node.args
        positional = self.positional
        pairs = dict(zip((arg.arg for arg in reversed(positional)), reversed(given.defaults), strict=False))
        pairs.update({arg.arg: value for arg, value in zip(given.kwonlyargs, given.kw_defaults, strict=True) if value})
        return pairs

    @cached_property
    def returned(self) -> list[ast.expr]:
        """What its own return statements give."""
        if isinstance(self.node, ast.Lambda):
            return [self.node.body]
        return [node.value for node in self.parts if isinstance(node, ast.Return) and node.value is not None]

    @cached_property
    def return_places(self) -> list[tuple[int, int]]:
        """Where its own return statements begin, in order: line and column."""
        return [(node.lineno, node.col_offset) for node in self.parts if isinstance(node, ast.Return)]

    @cached_property
    def yields(self) -> list[ast.Yield | ast.YieldFrom]:
        """Its own yield expressions."""
        return [node for node in self.parts if isinstance(node, ast.Yield | ast.YieldFrom)]

    @cached_property
    def calls(self) -> list[ast.Call]:
        """The calls in its own body."""
        return [node for node in self.parts if isinstance(node, ast.Call)]

    @cached_property
    def steps(self) -> list[ast.Assign | ast.If]:
        """The assignments and tests in its own body."""
        return [node for node in self.parts if isinstance(node, ast.Assign | ast.If)]

    @cached_property
    def parts(self) -> list[ast.AST]:
        """The nodes of its own body that are asked for again and again: calls, tests, blocks, what it awaits."""
        return [node for node in own_nodes(self.node) if node.__class__ in _WANTED]

    @cached_property
    def awaits(self) -> bool:
        """Whether its own body waits on the loop: `await`, `async for`, `async with`, an `async` comprehension."""
        return any(one.__class__ in _WAITS or getattr(one, "is_async", 0) for one in self.parts)

    @property
    def is_generator(self) -> bool:
        """Whether calling it gives a generator."""
        return not isinstance(self.node, ast.Lambda) and bool(self.yields)

    @cached_property
    def used_names(self) -> set[str]:
        """The names that its body reads, those of nested functions included."""
        found: set[str] = set()
        stack: list[ast.AST] = [self.node.body] if isinstance(self.node, ast.Lambda) else list(self.node.body)
        while stack:
            node = stack.pop()
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Load):
                    found.add(node.id)
            elif node.__class__ not in LEAVES:
                stack.extend(children(node))
        return found

    @cached_property
    def is_stub(self) -> bool:
        """Whether its body does nothing: ``...``, ``pass``, a docstring, or raises NotImplementedError."""
        if isinstance(self.node, ast.Lambda):
            return False
        for statement in self.node.body:
            match statement:
                case ast.Pass() | ast.Expr(value=ast.Constant()):
                    continue
                case ast.Raise(
                    exc=ast.Name(id="NotImplementedError") | ast.Call(func=ast.Name(id="NotImplementedError"))
                ):
                    continue
                case _:
                    return False
        return True

    @property
    def qualified(self) -> str:
        """Its name, after that of its class."""
        return f"{self.parent.name}.{self.name}" if isinstance(self.parent, ClassInfo) else self.name


Scope = ModuleInfo | ClassInfo | FunctionInfo

_WANTED = kinds(
    ast.Return, ast.Yield, ast.YieldFrom, ast.Call, ast.Assign, ast.If, ast.While, ast.IfExp, ast.BoolOp, ast.For,
    ast.AsyncFor, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.ExceptHandler, ast.match_case, ast.Await,
    ast.comprehension, ast.Match,
)  # fmt: skip
_WAITS = kinds(ast.Await, ast.AsyncFor, ast.AsyncWith)
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def _holding() -> dict[type, tuple[str, ...]]:
    """Say for each kind of node which of its fields hold nodes that matter: no contexts, operators or names."""
    plain = {"ctx", "op", "ops", "id", "attr", "arg", "name", "names", "module", "level", "kind", "simple", "is_async"}
    plain |= {"conversion", "type_comment", "type_ignores", "asname", "rest", "kwd_attrs", "tag"}
    holding = {}
    for kind in vars(ast).values():
        if isinstance(kind, type) and issubclass(kind, ast.AST):
            left_out = {"value"} if kind in (ast.Constant, ast.MatchSingleton) else {"name"}
            named = {"name"} if kind.__name__ == "TypeAlias" else set[str]()
            holding[kind] = tuple(one for one in kind._fields if one not in (plain | left_out) - named)
    holding[ast.Import] = holding[ast.ImportFrom] = ("names",)
    return holding


def _getter(names: tuple[str, ...]) -> Callable[[ast.AST], tuple[Any, ...]]:
    """Return what gives several attributes at once, asked for in C."""
    match names:
        case ():
            return lambda node: ()
        case (name,):
            get = attrgetter(name)
            return lambda node: (get(node),)
        case _:
            return attrgetter(*names)


_HOLDING = {one: _getter(names) for kind, names in _holding().items() for one in kinds(kind)}
_BACKWARDS = {
    one: _getter(() if issubclass(kind, _INNER) else names[::-1])
    for kind, names in _holding().items()
    for one in kinds(kind)
}
LEAVES = kinds(ast.Name, ast.Constant)  # nearly half of all nodes, and nothing is below them


def children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes below a node, in source order, but for contexts and operators: a faster `iter_child_nodes`."""
    found: list[ast.AST] = []
    for value in _HOLDING[node.__class__](node):
        if value.__class__ is list:
            found.extend(value if None not in value else [one for one in value if one is not None])
        elif value is not None:
            found.append(value)
    return found


def extent(node: ast.AST) -> tuple[int, int, int, int]:
    """Return a node's first line and column, and its last line and the column after it; zeros if it has no place."""
    begin = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
    return *begin, getattr(node, "end_lineno", 0) or 0, getattr(node, "end_col_offset", 0) or 0


def first_line(node: ast.stmt) -> int:
    """Return the line on which a statement begins, or its first decorator.

    Args:
        node: The statement.
    """
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def awaits(node: FunctionNode) -> bool:
    """Tell whether a function's own body waits on the loop."""
    return any(one.__class__ in _WAITS or getattr(one, "is_async", 0) for one in own_nodes(node))


def own_nodes(node: FunctionNode | ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body, in source order, without those of functions and classes inside."""
    stack: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else [*reversed(node.body)]
    while stack:
        current = stack.pop()
        yield current
        for value in _BACKWARDS[current.__class__](current):
            if value.__class__ is list:
                stack.extend(value[::-1] if None not in value else [one for one in reversed(value) if one is not None])
            elif value is not None:
                stack.append(value)
