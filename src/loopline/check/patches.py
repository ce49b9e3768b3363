"""What a test replaces while it runs: `monkeypatch.setattr(module, "name", …)`, `patch("module.name")`.

Also what its fixtures replace, those included that it does not name itself, what it assigns to an attribute, and
`app.dependency_overrides[get_client] = …`.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from loopline.check.library_types import given
from loopline.check.mocks import fixture, homes
from loopline.check.model import ClassInfo, FunctionInfo, ModuleInfo, Scope, extent

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["Patches", "replaced"]

REPLACING = {"patch", "object", "setattr", "multiple"}


class Patches:
    """Questions on tests; answers are remembered."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._known: dict[FunctionInfo, frozenset[str]] = {}
        self._around: dict[FunctionInfo, set[str]] = {}  # what others replace for it
        self._blocks: dict[FunctionInfo, list[tuple[ast.AST, Counter[str]]]] = {}
        self._always: dict[Scope, list[FunctionInfo]] = {}
        self._skipped: dict[Scope, bool] = {}

    def at(self, test: FunctionInfo, node: ast.AST) -> frozenset[str]:
        """Return the names that are replaced when a test comes to a place.

        Args:
            test: The test.
            node: The place. `with patch("…"):` lasts as long as its block.
        """
        known = self._blocks.get(test)
        if known is None:
            known = self._blocks[test] = list(_blocks(test.node))
        over = [names for block, names in known if not _is_in(node, block)]
        if not over:
            return self.of(test)
        left = Counter(replaced(test.node))
        for names in over:
            left.subtract(names)
        self.of(test)
        return frozenset(self._around[test] | {name for name, times in left.items() if times > 0})

    def of(self, info: FunctionInfo) -> frozenset[str]:
        """Return the names, dotted as they are given, that a test and its fixtures replace.

        Args:
            info: The test, or a fixture.
        """
        known = self._known.get(info)
        if known is None:
            self._known[info] = frozenset()
            found = self._around[info] = set()
            names = [arg.arg for arg in info.parameters]
            for scope in homes(self._inference, info):
                for node in _marks(scope):
                    found.update(replaced(node))
                    names.extend(_asked_for(node))
                for one in self._of_every_test(scope):
                    found |= self.of(one)
            for node in getattr(info.node, "decorator_list", ()):
                names.extend(_asked_for(node))
            for name in names:
                given_one = fixture(self._inference, name, info)
                if given_one is not None and given_one is not info:
                    found |= self.of(given_one)
            known = self._known[info] = frozenset({*found, *replaced(info.node)})
        return known

    def is_skipped(self, info: FunctionInfo) -> bool:
        """Tell whether a test never runs: `@pytest.mark.skip`, `skipif(True, …)`, its class or module skips itself.

        Args:
            info: The test.
        """
        if _is_marked(getattr(info.node, "decorator_list", ())):
            return True
        return any(self._is_all_skipped(scope) for scope in (info.owner, info.module) if scope is not None)

    def _is_all_skipped(self, scope: Scope) -> bool:
        known = self._skipped.get(scope)
        if known is None:
            marks = [
                one
                for mark in _marks(scope)
                for one in (mark.elts if isinstance(mark, ast.List | ast.Tuple) else [mark])
            ]
            skips = isinstance(scope, ModuleInfo) and any(_skips(one) for one in scope.tree.body)
            known = self._skipped[scope] = skips or _is_marked(marks)
        return known

    def _of_every_test(self, scope: Scope) -> list[FunctionInfo]:
        """The fixtures of a class, a module or a conftest that every test gets: `@pytest.fixture(autouse=True)`."""
        known = self._always.get(scope)
        if known is None:
            infos = (binding.info for bound in scope.bindings.values() for binding in bound)
            known = self._always[scope] = [one for one in infos if isinstance(one, FunctionInfo) and _is_always(one)]
        return known


def _is_marked(marks: Sequence[ast.AST]) -> bool:
    for node in marks:
        match node:
            case ast.Attribute(attr="skip") | ast.Call(func=ast.Attribute(attr="skip")):
                return True
            case ast.Call(func=ast.Attribute(attr="skipif"), args=[ast.Constant(value=condition), *_]) if condition:
                return True
            case _:
                pass
    return False


def _skips(statement: ast.stmt) -> bool:
    """`pytest.skip("…", allow_module_level=True)`, under no condition."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="skip") | ast.Name(id="skip")) as call):
            return any(isinstance(one, ast.Constant) and one.value for one in given(call, "allow_module_level"))
        case _:
            return False


def _is_always(info: FunctionInfo) -> bool:
    return any(
        isinstance(value, ast.Constant) and value.value is True
        for node in getattr(info.node, "decorator_list", ())
        if isinstance(node, ast.Call)
        for value in given(node, "autouse")
    )


def _marks(scope: Scope) -> Iterator[ast.AST]:
    """What marks all tests of a class or a module: its decorators, `pytestmark = …`."""
    if isinstance(scope, ClassInfo):
        yield from scope.node.decorator_list
    for binding in scope.bindings.get("pytestmark", ()):
        if binding.node is not None:
            yield binding.node


def _asked_for(node: ast.AST) -> Iterator[str]:
    """The fixtures of `@pytest.mark.usefixtures("a", "b")`."""
    for one in ast.walk(node):
        match one:
            case ast.Call(func=ast.Attribute(attr="usefixtures"), args=parts):
                yield from (
                    part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)
                )
            case _:
                pass


def _blocks(node: ast.AST) -> Iterator[tuple[ast.AST, Counter[str]]]:
    """The blocks in which something is replaced, and what."""
    for one in ast.walk(node):
        if isinstance(one, ast.With | ast.AsyncWith):
            names = Counter(name for item in one.items for name in replaced(item.context_expr))
            if names:
                yield one, names


def _is_in(node: ast.AST, block: ast.AST) -> bool:
    begun, ended = extent(block)[:2], extent(block)[2:]
    return begun <= extent(node)[:2] < ended


def replaced(node: ast.AST) -> Iterator[str]:
    """Yield the names, dotted as they are given, that a piece of code replaces, each as often as it does.

    Args:
        node: The code.
    """
    for one in ast.walk(node):
        match one:
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called),
                args=[ast.Constant(value=str(path)), *_],
            ) if called in REPLACING:
                yield path
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called),
                args=[target, ast.Constant(value=str(name)), *_],
            ) if called in REPLACING:
                yield f"{ast.unparse(target)}.{name}"
            case ast.Assign(targets=[ast.Subscript(value=ast.Attribute(attr="dependency_overrides"), slice=target)]):
                yield ast.unparse(target)
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=owner)) as target]) if owner != "self":
                yield ast.unparse(target)
            case _:
                pass
