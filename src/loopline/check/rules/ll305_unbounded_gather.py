"""`gather` runs as many calls at once as its input has items.

A thousand items are a thousand connections: pools run dry, others' requests wait, the other side bans you.

Bad:

    await asyncio.gather(*[fetch(url) for url in urls])

Good:

    outcomes = await fan_out(fetch, urls, limit=10)

Or a semaphore around the call. A finding is certain where the items come from the request itself.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from loopline.check.alternatives import inside
from loopline.check.analysis import Analysis
from loopline.check.finding import Finding
from loopline.check.model import FunctionInfo, own_nodes
from loopline.check.rules.traps import finding, functions, is_instance, library_path, values_of
from loopline.check.values import Coroutine, Sequence

__all__ = ["CODE", "TITLE", "check"]

CODE = "LL305"
TITLE = "as many calls at once as the input has items"


def check(analysis: Analysis) -> Iterable[Finding]:
    """Return a finding for each such call."""
    endpoints = {route.endpoint for route in analysis.services.routes}
    for function in functions(analysis, "gather"):
        for call in function.calls:
            for part in call.args:
                if isinstance(part, ast.Starred) and library_path(analysis, call.func, function) == "asyncio.gather":
                    items = _items(part.value, function)
                    if items is None or _is_bounded(items, function) or _has_limit(analysis, part.value, function):
                        continue
                    if _runs_already(analysis, part.value, function):
                        continue
                    parameters = {arg.arg for arg in function.parameters}
                    direct = isinstance(items, ast.Name) and items.id in parameters and function in endpoints
                    yield finding(
                        analysis,
                        CODE,
                        call,
                        function,
                        f"as many calls run at once as `{ast.unparse(items)}` has items",
                        "Bound it: `fan_out(…, limit=…)`, or a semaphore.",
                        certain=direct,
                    )


def _items(node: ast.expr, function: FunctionInfo) -> ast.expr | None:
    """Return what is iterated to make the calls."""
    match node:
        case ast.ListComp(generators=[generator]) | ast.GeneratorExp(generators=[generator]):
            return generator.iter
        case ast.Call(func=ast.Name(id="map"), args=[_, items]):
            return items
        case ast.Name(id=name):
            for binding in function.bindings.get(name, ()):
                if isinstance(binding.node, ast.ListComp) and len(binding.node.generators) == 1:
                    return binding.node.generators[0].iter
            return None
        case _:
            return None


def _runs_already(analysis: Analysis, node: ast.expr, function: FunctionInfo) -> bool:
    """Whether what is gathered are tasks that were begun elsewhere: they are only waited for."""
    match node:
        case ast.ListComp(elt=element) | ast.GeneratorExp(elt=element) if not isinstance(element, ast.Call):
            pass
        case _:
            return False
    found = [one for value in values_of(analysis, node, function) for one in inside((value,))]
    return bool(found) and all(is_instance(analysis, one, "asyncio.Task", "asyncio.Future") for one in found)


def _is_bounded(node: ast.expr, function: FunctionInfo) -> bool:
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            return all(_is_bounded(one.value, function) for one in elements if isinstance(one, ast.Starred))
        case ast.Dict(keys=keys):
            return None not in keys
        case ast.Constant():
            return True
        case ast.BinOp(left=left, right=right):
            return _is_bounded(left, function) and _is_bounded(right, function)
        case ast.IfExp(body=body, orelse=orelse):
            return _is_bounded(body, function) and _is_bounded(orelse, function)
        case ast.ListComp(generators=[generator]) | ast.GeneratorExp(generators=[generator]):
            return _is_bounded(generator.iter, function)
        case ast.Call(func=ast.Name(id="range")):
            return True
        case ast.Name(id=name):
            return name.isupper() or _is_fixed(name, function)
        case ast.Attribute(attr=name):
            return name.isupper()
        case ast.Subscript(slice=ast.Slice()):
            return True
        case ast.Call(func=ast.Name(id="enumerate" | "zip" | "sorted" | "list" | "set" | "tuple"), args=[first, *_]):
            return _is_bounded(first, function)
        case ast.Call(func=ast.Attribute(value=held, attr="items" | "values" | "keys"), args=[]):
            return _is_bounded(held, function)
        case _:
            return False


def _is_fixed(name: str, function: FunctionInfo) -> bool:
    """Whether a name holds as many items as the source says: a literal to which no loop adds anything."""
    scope = function if name in function.bindings else function.module
    bound = scope.bindings.get(name, ())
    given = [one.node for one in bound if one.kind == "value" and not one.path]
    if not given or len(given) < len(bound):
        return False
    if not all(isinstance(one, ast.expr) and not _mentions(one, name) and _is_bounded(one, function) for one in given):
        return False
    return not (_grows(name, function.node) if scope is function else scope.bindings.get(f"put {name}"))


def _mentions(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) or any(isinstance(one, ast.Name) and one.id == name for one in ast.walk(node))


def _grows(name: str, node: ast.AST, *, is_loop: bool = False) -> bool:
    for one in ast.iter_child_nodes(node):
        match one:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=held), attr="extend" | "update")) if held == name:
                return True
            case ast.Call(func=ast.Attribute(value=ast.Name(id=held), attr="append" | "add" | "insert")) if (
                held == name and is_loop
            ):
                return True
            case ast.AugAssign(target=ast.Name(id=held)) if held == name:
                return True
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=held))]) if held == name and is_loop:
                return True
            case _:
                pass
        if _grows(name, one, is_loop=is_loop or isinstance(one, ast.For | ast.AsyncFor | ast.While)):
            return True
    return False


def _has_limit(analysis: Analysis, node: ast.expr, function: FunctionInfo) -> bool:
    """Whether the called function waits for a semaphore or a limiter first."""
    for value in values_of(analysis, node, function):
        for one in value.elements if isinstance(value, Sequence) else ():
            if isinstance(one, Coroutine) and one.frame is not None and _waits_for_a_place(analysis, one.frame.info):
                return True
    return False


def _waits_for_a_place(analysis: Analysis, function: FunctionInfo) -> bool:
    for node in own_nodes(function.node):
        for item in node.items if isinstance(node, ast.AsyncWith) else ():
            held = values_of(analysis, item.context_expr, function)
            if any(is_instance(analysis, one, "asyncio.Lock", "anyio.Lock", "loopline.Limiter") for one in held):
                return True
            if re.search("sem|limit|throttle", ast.unparse(item.context_expr), re.IGNORECASE):
                return True
    return False
