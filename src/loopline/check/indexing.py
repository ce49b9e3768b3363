"""Index a parsed module: which names each scope has, and where they get their values. Expressions come later."""

from __future__ import annotations

import ast

from loopline.check.facts import Fact, facts, matched, named
from loopline.check.model import LEAVES, Binding, ClassInfo, FunctionInfo, FunctionNode, ModuleInfo, Scope, children

__all__ = ["add_parameters", "bind_target", "index_module", "lambda_info", "position"]

Position = tuple[int, int]
FAR: Position = (1 << 30, 0)


def index_module(module: ModuleInfo, tree: ast.Module) -> None:
    """Fill a module's scopes.

    Args:
        module: The module.
        tree: Its syntax tree.
    """
    module.tree = tree
    _Indexer(module).block(tree.body, module, FAR)


def position(node: ast.AST) -> Position:
    """Return where a node begins."""
    return (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))


def _end(node: ast.AST) -> Position:
    return (getattr(node, "end_lineno", 0) or 0, getattr(node, "end_col_offset", 0) or 0)


def add_parameters(info: FunctionInfo) -> None:
    """Bind a function's parameters in its scope."""
    given = info.node.args
    start = position(info.node)
    for arg in info.parameters:
        info.bindings[arg.arg] = [Binding("param", start, FAR, arg, arg.annotation)]
    for rest in (given.vararg, given.kwarg):
        if rest is not None:
            info.bindings[rest.arg] = [Binding("param", start, FAR, rest, rest.annotation, target="rest")]


def bind_target(
    target: ast.expr,
    scope: Scope,
    binding: Binding,
    path: tuple[int, ...] = (),
) -> None:
    """Bind what an assignment's target names.

    Args:
        target: A name, an attribute, or a tuple of them.
        scope: Where it stands.
        binding: What it is bound to.
        path: Which part of the value, for a tuple.
    """
    match target:
        case ast.Name(id=name):
            home: Scope = scope
            if isinstance(scope, FunctionInfo) and name in scope.global_names:
                home = scope.module
            made = _copy(binding, path)
            if home is not scope:
                made.scope, made.start, made.end = scope, (0, 0), (0, 0)
            home.bindings.setdefault(name, []).append(made)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for index, part in enumerate(parts):
                bind_target(part, scope, binding, (*path, index))
        case ast.Starred(value=inner):
            bind_target(inner, scope, Binding("opaque", binding.start, binding.end))
        case ast.Attribute(value=ast.Name(id=receiver), attr=name) if isinstance(scope, FunctionInfo):
            owner = _owner_named(scope, receiver)
            if owner is not None:
                made = _copy(binding, path)
                made.scope = scope
                owner.attributes.setdefault(name, []).append(made)
            elif receiver == "state":
                _state(scope, name, binding, path)
        case ast.Attribute(value=ast.Attribute(attr="state"), attr=name):
            _state(scope, name, binding, path)
        case ast.Subscript(value=container) if not path:
            _put(scope, container, binding)
        case _:
            pass


def _state(scope: Scope, name: str, binding: Binding, path: tuple[int, ...]) -> None:
    """Note what is put in an application's state: `app.state.client = …`, under a name that no code can have."""
    made = _copy(binding, path)
    made.scope = scope
    scope.module.bindings.setdefault(f"state.{name}", []).append(made)


def _put(scope: Scope, container: ast.expr, binding: Binding) -> None:
    """Note what is put into a list or dict, beside the container's own names."""
    made = _copy(binding, ())
    made.scope = scope
    match container:
        case ast.Name(id=name):
            scope.module.bindings.setdefault(f"put {name}", []).append(made)
        case ast.Attribute(value=ast.Name(id=receiver), attr=name) if isinstance(scope, FunctionInfo):
            owner = _owner_named(scope, receiver)
            if owner is not None:
                owner.attributes.setdefault(f"put {name}", []).append(made)
        case _:
            pass


def _copy(binding: Binding, path: tuple[int, ...]) -> Binding:
    return Binding(
        binding.kind,
        binding.start,
        binding.end,
        binding.node,
        binding.annotation,
        binding.info,
        binding.target,
        path,
        binding.is_async,
        binding.scope,
        binding.inner,
    )


def _owner_named(scope: FunctionInfo, receiver: str) -> ClassInfo | None:
    """Return the class of the method around whose first parameter has that name."""
    current: Scope | None = scope
    while isinstance(current, FunctionInfo):
        if current.owner is not None:
            first = current.positional[:1]
            return current.owner if first and first[0].arg == receiver else None
        current = current.parent
    return None


class _Indexer:
    def __init__(self, module: ModuleInfo) -> None:
        self._module = module
        self._names_in_passing = ":=" in module.source

    def block(self, body: list[ast.stmt], scope: Scope, end: Position) -> None:
        for statement in body:
            self._statement(statement, scope, end)

    def _statement(self, node: ast.stmt, scope: Scope, end: Position) -> None:
        start = position(node)
        if self._names_in_passing:
            self._name(node, scope, end)
        match node:
            case ast.Expr(
                value=ast.Call(func=ast.Attribute(value=container, attr="append" | "add" | "appendleft"), args=[put])
            ):
                _put(scope, container, Binding("value", start, end, put))
            case ast.Assert(test=test):
                self._learn(facts(test, True), scope, end)
            case ast.Expr(value=value) | ast.Return(value=ast.expr() as value):
                self._expression(value, scope)
            case ast.Pass() | ast.Raise() | ast.Return():
                pass
            case ast.Assign(targets=targets, value=value):
                self._expression(value, scope)
                for target in targets:
                    bind_target(target, scope, Binding("value", _end(node), end, value))
            case ast.AnnAssign(target=target, annotation=annotation, value=value):
                kind = "annotation" if value is None else "value"
                bind_target(target, scope, Binding(kind, _end(node), end, value, annotation))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node, scope, end)
            case ast.ClassDef():
                info = ClassInfo(node.name, node, self._module, scope)
                self._module.classes.append(info)
                scope.bindings.setdefault(node.name, []).append(Binding("class", start, end, node, info=info))
                self.block(node.body, info, FAR)
            case ast.Import(names=names):
                for alias in names:
                    target_name = alias.name if alias.asname else alias.name.split(".")[0]
                    bound = alias.asname or target_name
                    self._bind(scope, bound, Binding("import", start, end, target=target_name))
                    if not alias.asname and "." in alias.name:
                        self._bind(scope, f"import {alias.name}", Binding("import", start, end, target=alias.name))
            case ast.ImportFrom():
                self._import_from(node, scope, end)
            case ast.If(test=test, body=body, orelse=orelse):
                self._learn(facts(test, True), scope, _block_end(body, node))
                if said := facts(test, False):
                    leaves = isinstance(body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)
                    self._learn(said, scope, end if leaves else _end(node), _block_end(body, node))
                if orelse and isinstance(orelse[-1], ast.Return | ast.Raise | ast.Continue | ast.Break):
                    self._learn(facts(test, True), scope, end, _end(node))
                self.block(body, scope, _block_end(body, node))
                self.block(orelse, scope, _block_end(orelse, node))
            case ast.For() | ast.AsyncFor():
                inner = Binding("item", start, _end(node), node.iter, is_async=isinstance(node, ast.AsyncFor))
                bind_target(node.target, scope, inner)
                self.block(node.body, scope, _block_end(node.body, node))
                self.block(node.orelse, scope, _end(node))
            case ast.While(test=test, body=body, orelse=orelse):
                self._learn(facts(test, True), scope, _block_end(body, node))
                self.block(body, scope, _block_end(body, node))
                self.block(orelse, scope, _end(node))
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    if item.optional_vars is not None:
                        held = Binding("enter", start, end, item.context_expr, is_async=isinstance(node, ast.AsyncWith))
                        bind_target(item.optional_vars, scope, held)
                self.block(body, scope, end)
            case ast.Try() | ast.TryStar():
                self.block(node.body, scope, _block_end(node.body, node))
                for handler in node.handlers:
                    if handler.name:
                        self._bind(scope, handler.name, Binding("opaque", position(handler), _end(handler)))
                    self.block(handler.body, scope, _end(handler))
                self.block(node.orelse, scope, _end(node))
                self.block(node.finalbody, scope, end)
            case ast.Match(subject=subject, cases=cases):
                for case in cases:
                    self._pattern(case.pattern, subject, scope, _block_end(case.body, node))
                    if case.guard is not None:
                        self._learn(facts(case.guard, True), scope, _block_end(case.body, node))
                    self.block(case.body, scope, _block_end(case.body, node))
            case ast.Global(names=names):
                if isinstance(scope, FunctionInfo):
                    scope.global_names.update(names)
            case _ if type(node).__name__ == "TypeAlias":  # Python 3.12 and later: 3.11 has no such type
                self._bind(scope, node.name.id, Binding("value", start, end, node.value))  # type: ignore[attr-defined]
            case _:
                pass

    def _name(self, node: ast.AST, scope: Scope, end: Position) -> None:
        """Bind what a statement's own expressions name in passing: `if path := find(name):`."""
        for part in children(node):
            if part.__class__ in LEAVES:
                continue
            if isinstance(part, ast.match_case):
                if part.guard is not None:
                    self._name(part.guard, scope, end)
            elif not isinstance(part, ast.stmt | ast.ExceptHandler | ast.Lambda):
                self._name(part, scope, end)
        if isinstance(node, ast.NamedExpr):
            bind_target(node.target, scope, Binding("value", _end(node), end, node.value))

    def _expression(self, node: ast.expr, scope: Scope) -> None:
        """What the test of a conditional expression says of what it chooses from."""
        match node:
            case ast.Await(value=inner):
                self._expression(inner, scope)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self._learn(facts(test, True), scope, _end(body), position(body))
                self._learn(facts(test, False), scope, _end(orelse), position(orelse))
                self._expression(orelse, scope)
            case ast.BoolOp(op=op, values=values):
                for value in values[:-1]:
                    self._learn(facts(value, isinstance(op, ast.And)), scope, _end(node), _end(value))
            case _:
                pass

    def _learn(self, said: list[Fact], scope: Scope, end: Position, start: Position | None = None) -> None:
        for fact in said:
            kind = "narrow" if fact.holds else "narrow not"
            self._bind(scope, f"narrow {fact.name}", Binding(kind, start or _end(fact.after), end, fact.type))

    def _pattern(self, pattern: ast.pattern, subject: ast.expr, scope: Scope, end: Position) -> None:
        """What a case binds, and says of the subject. Only a pattern of one class tells what its name is."""
        start = position(pattern)
        kind = matched(pattern)
        if kind is not None and named(subject):
            self._bind(scope, f"narrow {named(subject)}", Binding("narrow", start, end, kind))
        for part in ast.walk(pattern):
            name = getattr(part, "name", None) or getattr(part, "rest", None)
            if not isinstance(name, str):
                continue
            kind = matched(part) if isinstance(part, ast.pattern) else None
            if kind is not None:
                self._bind(scope, name, Binding("matched", start, end, kind))
            elif part is pattern:
                self._bind(scope, name, Binding("value", start, end, subject))
            else:
                self._bind(scope, name, Binding("opaque", start, end))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope, end: Position) -> None:
        info = FunctionInfo(node.name, node, self._module, scope)
        self._module.functions.append(info)
        binding = Binding("def", position(node), end, node, info=info)
        if isinstance(scope, FunctionInfo) and node.name in scope.global_names:
            scope.module.bindings.setdefault(node.name, []).append(binding)
        else:
            scope.bindings.setdefault(node.name, []).append(binding)
        add_parameters(info)
        for statement in node.body:
            if isinstance(statement, ast.Global):
                info.global_names.update(statement.names)
        self.block(node.body, info, FAR)

    def _import_from(self, node: ast.ImportFrom, scope: Scope, end: Position) -> None:
        base = self._absolute(node.module, node.level)
        for alias in node.names:
            if alias.name == "*":
                self._module.stars.append(base)
                continue
            where = f"{base}.{alias.name}" if base else alias.name
            self._bind(scope, alias.asname or alias.name, Binding("from", position(node), end, target=where))

    def _absolute(self, name: str | None, level: int) -> str:
        if not level:
            return name or ""
        parts = self._module.name.split(".")
        drop = level - 1 if self._module.is_package else level
        kept = parts[: len(parts) - drop] if drop else parts
        return ".".join([*kept, *([name] if name else [])])

    def _bind(self, scope: Scope, name: str, binding: Binding) -> None:
        home: Scope = scope
        if isinstance(scope, FunctionInfo) and name in scope.global_names:
            home = scope.module
        home.bindings.setdefault(name, []).append(binding)


def _block_end(body: list[ast.stmt], node: ast.stmt) -> Position:
    return _end(body[-1]) if body else _end(node)


def lambda_info(node: ast.Lambda, scope: Scope) -> FunctionInfo:
    """Make the scope of a lambda.

    Args:
        node: The lambda.
        scope: Where it stands.

    Returns:
        A function that has its parameters.
    """
    function: FunctionNode = node
    info = FunctionInfo("<lambda>", function, scope.module, scope)
    add_parameters(info)
    return info
