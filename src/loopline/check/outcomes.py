"""What a condition comes to in a call: by literals that are given or left out, and by declared types."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from loopline.check.declared import by_annotation, by_field, starts_as_none
from loopline.check.known import NOTHING, OBJECT, PRESENT, TEXT, Known, of_literal
from loopline.check.library_types import injected
from loopline.check.model import FunctionInfo, Scope
from loopline.check.platforms import asks_platform, of_platform
from loopline.check.stores import is_sure
from loopline.check.values import Class, Frame, Function, Instance, Library, LibraryInstance, Values

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["known"]

DEEPEST = 8  # questions inside questions
DISPLAYS = ast.List | ast.Set | ast.Dict
NO_TEXTS = {
    "pathlib.Path", "pathlib.PurePath", "builtins.list", "builtins.dict", "builtins.set", "builtins.tuple",
    "builtins.int", "builtins.float", "pydantic.BaseModel", "builtins.BytesIO", "builtins.StringIO",
}  # fmt: skip
READING = {
    ("builtins.file", "read"), ("builtins.file", "readline"), ("httpx.Response", "read"),
    ("pathlib.Path", "read_bytes"), ("pathlib.Path", "read_text"), ("builtins.BytesIO", "getvalue"),
    ("fastapi.UploadFile", "read"), ("starlette.datastructures.UploadFile", "read"),
}  # fmt: skip
ENDS: dict[str, Callable[[str, tuple[str, ...]], bool]] = {"startswith": str.startswith, "endswith": str.endswith}
ORDERED: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: lambda one, other: one < other,
    ast.LtE: lambda one, other: one <= other,
    ast.Gt: lambda one, other: one > other,
    ast.GtE: lambda one, other: one >= other,
}


def known(inference: Inference, node: ast.expr, scope: Scope, frame: Frame | None, depth: int = 0) -> Known:
    """Return what is known of an expression's value.

    Args:
        inference: Answers for types.
        node: The expression.
        scope: Where it stands.
        frame: The call in which it is evaluated.
        depth: How many other questions this one answers.
    """
    if depth > DEEPEST:
        return NOTHING

    def ask(one: ast.expr) -> Known:
        return known(inference, one, scope, frame, depth + 1)

    match node:
        case ast.Name():
            return _name(inference, node, scope, frame, depth)
        case ast.Constant(value=value):
            return of_literal(value)
        case ast.JoinedStr():
            return TEXT
        case ast.Lambda():
            return OBJECT
        case ast.List(elts=elements) | ast.Set(elts=elements) | ast.Tuple(elts=elements):
            starred = any(isinstance(one, ast.Starred) for one in elements)
            return PRESENT if starred else Known(is_none=False, truth=bool(elements), brief=not elements)
        case ast.Dict(keys=keys):
            return PRESENT if None in keys else Known(is_none=False, truth=bool(keys), brief=not keys)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            truth = ask(operand).truth
            return Known(is_none=False, truth=None if truth is None else not truth)
        case ast.BoolOp(op=op, values=values):
            return _chosen([ask(one) for one in values], isinstance(op, ast.Or))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            truth = ask(test).truth
            return _either(ask(body), ask(orelse)) if truth is None else ask(body if truth else orelse)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return Known(is_none=False, truth=_compared(op, ask(left), right, ask))
        case ast.NamedExpr(value=value):
            return ask(value)
        case ast.Attribute() | ast.Call() if (told := of_platform(node)) is not NOTHING:
            return told
        case ast.Attribute(value=owner, attr=name):
            return _field(inference, owner, name, scope, frame)
        case ast.Call(func=ast.Name(id="isinstance"), args=[subject, kind]) if ask(subject).text:
            kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
            other = all(_is_no_text(inference, inference.infer(one, scope, frame)) for one in kinds)
            return Known(is_none=False, truth=False if other else None)
        case ast.Call(func=ast.Attribute(value=owner, attr=name), args=[part]) if name in ENDS and isinstance(
            whole := ask(owner).literal, str
        ):
            return Known(is_none=False, truth=_ends(ENDS[name], whole, part, ask))
        case ast.Await(value=ast.Call() as call) | (ast.Call() as call):
            return _result(inference, call, scope, frame, is_awaited=isinstance(node, ast.Await))
        case _:
            return NOTHING


def _chosen(parts: list[Known], is_or: bool) -> Known:
    """What `a or b` or `a and b` gives: the first that decides, or the last."""
    for index, one in enumerate(parts):
        if one.truth is is_or:
            if index == 0 or all(part.truth is (not is_or) for part in parts[:index]):
                return one
            return Known(truth=is_or, is_none=False if is_or else None)
    if all(one.truth is (not is_or) for one in parts):
        return parts[-1]
    if is_or and parts[-1].is_none is False:
        return PRESENT
    return NOTHING


def _either(one: Known, other: Known) -> Known:
    if one == other:
        return one
    return Known(
        one.is_none if one.is_none is other.is_none else None,
        one.truth if one.truth is other.truth else None,
        ...,
        one.brief and other.brief,
    )


def _compared(op: ast.cmpop, left: Known, right: ast.expr, ask: Callable[[ast.expr], Known]) -> bool | None:
    if isinstance(op, ast.In | ast.NotIn):
        if isinstance(left.literal, str) and isinstance(whole := ask(right).literal, str):
            return (left.literal in whole) is isinstance(op, ast.In)
        if left.literal is ... or not isinstance(right, ast.Tuple | ast.List | ast.Set):
            return None
        among = [ask(one).literal for one in right.elts]
        return None if ... in among else (left.literal in among) is isinstance(op, ast.In)
    other = ask(right)
    if isinstance(op, ast.Is | ast.IsNot | ast.Eq | ast.NotEq):
        same = _same(left, other, identity=isinstance(op, ast.Is | ast.IsNot))
        return None if same is None else same is isinstance(op, ast.Is | ast.Eq)
    one, two = left.literal, other.literal
    if isinstance(one, int | float) and isinstance(two, int | float) and type(op) in ORDERED:
        return ORDERED[type(op)](one, two)
    return None


def _ends(
    method: Callable[[str, tuple[str, ...]], bool], whole: str, part: ast.expr, ask: Callable[[ast.expr], Known]
) -> bool | None:
    given = [ask(one).literal for one in (part.elts if isinstance(part, ast.Tuple) else [part])]
    texts = tuple(one for one in given if isinstance(one, str))
    return method(whole, texts) if len(texts) == len(given) else None


def _same(left: Known, right: Known, *, identity: bool) -> bool | None:
    if right.is_none and left.is_none is not None:
        return left.is_none
    if left.is_none and right.is_none is not None:
        return right.is_none
    if left.literal is ... or right.literal is ...:
        return None
    if identity and not (isinstance(left.literal, bool) and isinstance(right.literal, bool)):
        return None
    return left.literal == right.literal


def _name(inference: Inference, node: ast.Name, scope: Scope, frame: Frame | None, depth: int) -> Known:
    if not isinstance(scope, FunctionInfo) or node.id not in scope.bindings:
        return of_literal(scope.module.name) if node.id == "__name__" else _constant(inference, node.id, scope)

    def runs(at: tuple[int, int]) -> bool:
        return frame is None or frame.info is not scope or inference.living.runs(at, frame)

    first = scope.bindings[node.id][0]
    if first.kind == "param" and not first.target:
        if not is_sure(scope, node, given=True, runs=runs):
            return NOTHING
        return _parameter(inference, node.id, scope, frame)
    plain = first.kind == "value" and not first.path and first.scope in (None, scope)
    if plain and isinstance(first.node, DISPLAYS):
        return PRESENT if is_sure(scope, node, given=False, runs=runs) else NOTHING  # what is in it may change
    if plain and isinstance(first.node, ast.expr) and is_sure(scope, node, given=False, runs=runs):
        return known(inference, first.node, scope, frame, depth + 1)
    return NOTHING


def _constant(inference: Inference, name: str, scope: Scope) -> Known:
    """What the platform says of a constant of a module: `IS_WINDOWS = os.name == "nt"`."""
    module = scope.module
    bound = module.bindings.get(name, ())
    if len(bound) == 1 and bound[0].kind == "from":
        base, _, name = bound[0].target.rpartition(".")
        found = inference.project.module(base, module)
        module, bound = (found, found.bindings.get(name, ())) if found is not None else (module, ())
    node = bound[0].node if len(bound) == 1 and bound[0].kind == "value" else None
    if name.isupper() and isinstance(node, ast.expr) and asks_platform(node):
        return known(inference, node, module, None)
    return NOTHING


def _parameter(inference: Inference, name: str, info: FunctionInfo, frame: Frame | None) -> Known:
    for told, value in frame.told if frame is not None and frame.info is info else ():
        if told == name:
            return value
    arg = next((one for one in info.parameters if one.arg == name), None)
    default = info.defaults.get(name)
    if arg is None or arg.annotation is None or (isinstance(default, ast.Constant) and default.value is None):
        return NOTHING
    if default is not None and not injected(inference, default, info.parent) and starts_as_none(default):
        return NOTHING
    return by_annotation(inference, arg.annotation, info)


def _field(inference: Inference, owner: ast.expr, name: str, scope: Scope, frame: Frame | None) -> Known:
    told = inference.built.field(owner, name, scope, frame)
    if told != NOTHING:
        return told
    values = inference.infer(owner, scope, frame)
    if not values:
        return NOTHING
    found = {by_field(inference, one.info, name) if isinstance(one, Instance) else NOTHING for one in values}
    return found.pop() if len(found) == 1 else NOTHING


def _result(inference: Inference, call: ast.Call, scope: Scope, frame: Frame | None, *, is_awaited: bool) -> Known:
    if isinstance(call.func, ast.Attribute):
        owners = inference.infer(call.func.value, scope, frame)
        if owners and all(isinstance(one, LibraryInstance) and (one.path, call.func.attr) in READING for one in owners):
            return TEXT
    values = inference.infer(call.func, scope, frame)
    found: set[Known] = set()
    for value in values:
        match value:
            case Class() if not is_awaited:
                found.add(_made(inference, value))
            case Function(info=info) if info.is_async is is_awaited and not info.is_generator:
                returns = getattr(info.node, "returns", None)
                found.add(by_annotation(inference, returns, info))
            case _:
                return NOTHING
    return found.pop() if len(found) == 1 else NOTHING


def _is_no_text(inference: Inference, values: Values) -> bool:
    """Whether a text is no instance of what `isinstance` is given."""
    match values:
        case (Class(info=info),):
            return not inference.classes.inherits(info, "builtins.str", "builtins.bytes")
        case (Library(path=path),):
            return path in NO_TEXTS
        case _:
            return False


def _made(inference: Inference, value: Class) -> Known:
    return by_annotation(inference, ast.Name(value.info.name, ast.Load()), value.info.parent)
