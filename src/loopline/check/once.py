"""Calls whose result is remembered for as long as the process, or an object, lives: they run the first time only.

global _client
if _client is None:
    _client = connect()
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace

from loopline.check.contexts import fillings, is_nothing
from loopline.check.model import FunctionInfo

__all__ = ["ANYTHING", "Kept", "fallbacks", "guards", "keeping", "remembered_calls"]

LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)
ANYTHING = frozenset("?")  # by what is not known: what is there is made anew
Names = dict[str, list[tuple[int, str]]]  # where a name was given what was found in which place


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a result is kept: ``by`` which parameters it is chosen, and whether an object, or the context, keeps it.

    ``names`` hold what was found there; ``around``: where else it is looked for before that.
    """

    place: str
    by: frozenset[str] = frozenset()
    in_object: bool = False
    in_context: bool = False
    names: frozenset[str] = frozenset()
    around: Kept | None = None

    def asks(self, test: ast.expr) -> bool:
        """Tell whether a condition asks whether it is there."""
        names = {one.id for one in ast.walk(test) if isinstance(one, ast.Name)}
        return self.place in ast.unparse(test) or not self.names.isdisjoint(names)


def remembered_calls(info: FunctionInfo) -> dict[int, Kept]:
    """Return the ids of the nodes of a function that run only until their result is known, and where it is kept.

    Args:
        info: The function.
    """
    if isinstance(info.node, ast.Lambda):
        return {}
    nodes = info.steps
    places = {kept.place: kept for node in nodes for kept, _ in _kept(node, info)}
    for node in nodes:
        if isinstance(node, ast.If):
            places.update(
                (one, Kept(one, in_object=True)) for one in _asked(node.test, {}) if _is_left(node, one, info)
            )
    for node in nodes:
        if isinstance(node, ast.Assign) and is_nothing(node.value):
            for target in node.targets:
                places.pop(ast.unparse(target), None)  # `_is_busy = True`, and later `_is_busy = False`
    places.update((kept.place, kept) for kept in _loggers(info))
    places.update((name, Kept(name, in_context=True)) for name, _, _ in fillings(info))
    if not places:
        return {}
    found: dict[int, Kept] = {}

    def put(part: ast.AST, kept: Kept) -> None:
        for one in ast.walk(part):
            outer = found.get(id(one))
            outer = outer if outer is None or outer.in_context else outer.around
            found[id(one)] = kept if kept.in_context else replace(kept, around=outer)

    names = _names_of(nodes, places)
    for name, place in ((name, place) for name, held in names.items() for _, place in held):
        if places[place].in_context:
            places[place] = replace(places[place], names=places[place].names | {name})
    asked: dict[str, int] = {}  # where a place was first asked for
    for node in nodes:
        if isinstance(node, ast.If):
            tested = [place for place in _asked(node.test, names) if place in places]
            for place in tested:
                asked.setdefault(place, node.lineno)
                if _is_filled(node, places[place], info):
                    is_there = _is_positive(node.test)
                    kept = replace(places[place], by=ANYTHING) if is_there and not node.orelse else places[place]
                    for statement in node.orelse if is_there and node.orelse else node.body:
                        put(statement, kept)
    for node in nodes:
        for kept, value in _kept(node, info):
            was = found.get(id(value))
            if asked.get(kept.place, value.lineno) < value.lineno and (was is None or was.place != kept.place):
                put(value, kept)
    for place, rest in _after_asking(info.node.body, places, names):
        for statement in rest:
            put(statement, places[place])
    return found


def guards(info: FunctionInfo) -> set[int]:
    """Return the ids of what a `with` enters around the question whether something is there, and what makes it.

    Args:
        info: The function.
    """
    if isinstance(info.node, ast.Lambda):
        return set()
    kept = remembered_calls(info)
    return {
        id(item.context_expr)
        for node in info.parts
        if isinstance(node, ast.With) and isinstance(node.body[0], ast.If) and _asks_of_one(node, kept)
        for item in node.items
    }


def _asks_of_one(node: ast.With, kept: dict[int, Kept]) -> bool:
    first, *rest = node.body
    parts = rest or [first]
    return any(id(one) in kept and not kept[id(one)].in_context for part in parts for one in ast.walk(part))


def fallbacks(info: FunctionInfo) -> set[int]:
    """Return the ids of the nodes that run only if an attribute holds nothing: of `load()` in `self.text or load()`.

    Args:
        info: The function.
    """
    found: set[int] = set()
    for node in info.parts:
        match node:
            case ast.BoolOp(op=ast.Or(), values=[ast.Attribute(), *others]):
                found.update(id(one) for other in others for one in ast.walk(other))
            case _:
                pass
    return found


def keeping(info: FunctionInfo) -> frozenset[str]:
    """Return the parameters of a function by which it chooses what it remembers.

    Args:
        info: The function.
    """
    return frozenset(name for kept in remembered_calls(info).values() for name in kept.by)


def _is_filled(node: ast.If, kept: Kept, info: FunctionInfo) -> bool:
    """Whether a place is filled where it was asked for; one of the context perhaps below, with what was made there."""
    if not kept.in_context:
        fills = any(one.place == kept.place for inner in ast.walk(node) for one, _ in _kept(inner, info))
        return fills or _is_left(node, kept.place, info)
    end = node.end_lineno or 0
    made = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    return any(
        name == kept.place
        and (node.lineno <= call.lineno <= end or (end < call.lineno and ast.unparse(value) in made & kept.names))
        for name, call, value in fillings(info)
    )


def _is_left(node: ast.If, place: str, info: FunctionInfo) -> bool:
    """Whether filling an attribute that was asked for is left to another method: `if not self.text: self.load()`."""
    of, _, name = place.partition(".")
    if of != "self" or info.owner is None:
        return False
    fillers = {
        one.scope.name
        for one in info.owner.attributes.get(name, ())
        if isinstance(one.scope, FunctionInfo) and one.scope is not info and isinstance(one.node, ast.expr)
        if not is_nothing(one.node)
    }
    return any(
        isinstance(one.func, ast.Attribute) and one.func.attr in fillers and ast.unparse(one.func.value) == "self"
        for statement in node.body
        for one in ast.walk(statement)
        if isinstance(one, ast.Call)
    )


def _names_of(nodes: Iterable[ast.AST], places: Container[str]) -> Names:
    """Return the names that hold what was found in a place: `client = _clients.get(url)`, `client = _client`."""
    found: Names = {}
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Attribute(value=held, attr="get"))):
                place = ast.unparse(held)
            case ast.Assign(targets=[ast.Name(id=name)], value=(ast.Name() | ast.Attribute()) as held):
                place = ast.unparse(held)
            case _:
                continue
        if place in places:
            found.setdefault(name, []).append((node.lineno, place))
    return found


def _after_asking(block: list[ast.stmt], places: dict[str, Kept], names: Names) -> Iterator[tuple[str, list[ast.stmt]]]:
    """What follows `if _client is not None: return _client` and fills it."""
    for index, node in enumerate(block):
        if isinstance(node, ast.If) and isinstance(node.body[-1], LEAVES) and _is_positive(node.test):
            rest = block[index + 1 :]
            for place in _asked(node.test, names):
                if place in places and any(_fills(one, place) for statement in rest for one in ast.walk(statement)):
                    yield place, rest
        elif isinstance(node, ast.With | ast.AsyncWith):
            yield from _after_asking(node.body, places, names)


def _fills(node: ast.AST, place: str) -> bool:
    match node:
        case ast.Assign(targets=targets, value=value):
            return not is_nothing(value) and any(
                ast.unparse(one.value if isinstance(one, ast.Subscript) else one) == place for one in targets
            )
        case ast.Call(func=ast.Attribute(value=value, attr="set"), args=[given]) if not is_nothing(given):
            return ast.unparse(value) == place
        case ast.Call(func=ast.Attribute(value=value, attr="addHandler")):
            return f"{ast.unparse(value)}.handlers" == place
        case _:
            return False


def _kept(node: ast.AST, info: FunctionInfo) -> Iterator[tuple[Kept, ast.expr]]:
    """The places that outlive the call and that an assignment fills: a global name, an attribute, a dict outside."""
    if not isinstance(node, ast.Assign) or is_nothing(node.value):
        return
    for target in node.targets:
        match target:
            case ast.Name(id=name) if name in info.global_names:
                yield Kept(name), node.value
            case ast.Attribute(value=ast.Name(id="cls")):
                yield Kept(ast.unparse(target)), node.value
            case ast.Attribute(value=ast.Name(id="self")):
                yield Kept(ast.unparse(target), in_object=True), node.value
            case ast.Subscript(value=ast.Name(id=name), slice=key) if (
                name in info.module.bindings and name not in info.bindings
            ):
                yield Kept(name, _parameters(key, info)), node.value
            case ast.Subscript(value=ast.Attribute(value=ast.Name(id="self" | "cls")) as held, slice=key):
                yield Kept(ast.unparse(held), _parameters(key, info), in_object=True), node.value
            case _:
                pass


def _loggers(info: FunctionInfo) -> Iterator[Kept]:
    """Loggers are kept by name, with their handlers: `logger = logging.getLogger(name)`, `if logger.handlers`."""
    for node in info.steps:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=ast.Name(id="getLogger") | ast.Attribute(attr="getLogger"), args=parts),
            ):
                chosen = [_parameters(part, info) for part in parts]
                yield Kept(f"{name}.handlers", frozenset().union(*chosen))
            case _:
                pass


def _parameters(node: ast.expr, info: FunctionInfo) -> frozenset[str]:
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    given = {arg.arg for arg in info.parameters}
    return frozenset(name if name in given else "?" for name in names)


def _is_positive(test: ast.expr) -> bool:
    """Whether a test is true once the result is there: `x`, `x is not None`, `key in x`."""
    match test:
        case ast.Compare(ops=[ast.IsNot() | ast.In()]) | ast.Name() | ast.Attribute():
            return True
        case ast.BoolOp(op=ast.And(), values=values):
            return any(_is_positive(one) for one in values)
        case ast.Call(func=ast.Attribute(attr="hasHandlers")):
            return True
        case _:
            return False


def _asked(test: ast.expr, names: Names) -> list[str]:
    """What a test asks for: `x`, `not x`, `x is None`, `key not in x`; ``names`` hold what was found in a place."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return _asked(inner, names)
        case ast.BoolOp(values=values):
            return [one for value in values for one in _asked(value, names)]
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return _asked(left, names)
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[container]):
            return _asked(container, names)
        case ast.Call(func=ast.Attribute(value=held, attr="hasHandlers")):
            return [f"{ast.unparse(held)}.handlers"]
        case ast.NamedExpr(value=ast.Call(func=ast.Attribute(value=held, attr="get"))):
            return [ast.unparse(held)]
        case ast.Call(func=ast.Attribute(value=held, attr="get"), args=[]):
            return [ast.unparse(held)]
        case ast.Name(id=name) if name in names:
            seen = [place for line, place in sorted(names[name]) if line <= test.lineno]
            return seen[-1:] or [names[name][0][1]]
        case ast.Name() | ast.Attribute():
            return [ast.unparse(test)]
        case _:
            return []
