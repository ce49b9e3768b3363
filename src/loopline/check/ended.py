"""A transaction that is over already: `rollback` after `rollback`, or after what rolls back itself before it fails.

And a `commit` just after a call that has committed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from loopline.check.events import Block, Run
from loopline.check.indexing import position
from loopline.check.model import FunctionInfo, extent, own_nodes
from loopline.check.order import is_before
from loopline.check.stores import are_in_one_loop
from loopline.check.values import Frame, Function

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["is_most_often_over", "is_over"]

ENDS = {"rollback", "commit"}
METHODS = tuple(f".{kind}.rollback" for kind in ("Session", "Connection", "SessionTransaction"))
COMMITS = (".Session.commit", ".Connection.commit")
DEEPEST = 4  # calls, to what commits
ALL = {"Exception", "BaseException", None}
OF_WRITES = {"IntegrityError", "StaleDataError"}  # what only a flush raises
READS = {"refresh", "get", "expunge", "expire"}
Position = tuple[int, int]


def is_over(inference: Inference, frame: Frame, event: Block | Run) -> bool:
    """Tell whether a rollback does nothing, since all that may have begun a transaction was rolled back.

    Args:
        inference: Answers for what is called.
        frame: The call in which it happens.
        event: What happens.
    """
    info = frame.info
    if not isinstance(event, Block) or not event.effect.name.endswith(METHODS) or not isinstance(event.node, ast.Call):
        return False
    session = ast.unparse(event.node.func.value) if isinstance(event.node.func, ast.Attribute) else ""
    before = [one for one in own_nodes(info.node) if _is_use(one, session) and position(one) < position(event.node)]
    ended = [one for one in before if _ends(one) and is_before(info, one, event.node)]
    if ended:
        last = max(position(one) for one in ended)
        return not any(position(one) > last and not _ends(one) for one in before)
    tried = _tried(info, event.node)
    if not before and tried is not None:
        return _is_left_by_base(inference, event.node, tried, frame)
    return tried is not None and bool(before) and all(_is_rolled_back(inference, one, tried, frame) for one in before)


def is_most_often_over(inference: Inference, frame: Frame, event: Block | Run) -> bool:
    """Tell whether a commit has nothing to do in the ordinary run: what used the session last has committed.

    Objects that it loaded are a part of it, whoever holds them: nothing is called or set in between.

    Args:
        inference: Answers for what is called.
        frame: The call in which it happens.
        event: What happens.
    """
    match event:
        case Block(node=ast.Call(func=ast.Attribute(value=held)) as node) if event.effect.name.endswith(COMMITS):
            session, at = ast.unparse(held), position(node)
            uses = [one for one in own_nodes(frame.info.node) if _is_use(one, session)]
            last = max((one for one in uses if position(one) < at), key=position, default=None)
            if last is None or not is_before(frame.info, last, node) or _does_anything(frame.info, last, at):
                return False
            again = any(position(one) > at and are_in_one_loop(frame.info, position(one), at) for one in uses)
            return not again and _has_ended(inference, frame.info, frame, last, session, DEEPEST)
        case _:
            return False


def _has_ended(inference: Inference, info: FunctionInfo, frame: Frame, use: ast.AST, session: str, depth: int) -> bool:
    """Whether a use of a session ends its transaction, or is a call of what does that last."""
    match use:
        case ast.Attribute():
            return _ends(use)
        case ast.Call() if depth:
            called = inference.infer(use.func, info, frame)
            return bool(called) and all(
                isinstance(one, Function) and _leaves_ended(inference, one, use, session, depth) for one in called
            )
        case _:
            return False


def _leaves_ended(inference: Inference, function: Function, call: ast.Call, session: str, depth: int) -> bool:
    """Whether the last that a function does is to end the transaction of a session, if it comes to its own end."""
    info = function.info
    if isinstance(info.node, ast.Lambda) or info.is_generator:
        return False
    names = [one.arg for one in info.positional][function.receiver is not None :]
    given = [*zip(names, call.args, strict=False), *((one.arg, one.value) for one in call.keywords)]
    name = next((name for name, value in given if ast.unparse(value) == session), None)
    last = max((one for one in own_nodes(info.node) if _is_use(one, name or "")), key=position, default=None)
    if name is None or last is None or _does_anything(info, last, extent(info.node)[2:]):
        return False
    plain = [one for one in info.node.body if isinstance(one, ast.Expr | ast.Assign | ast.Return)]
    if not any(_holds([one], position(last)) for one in plain):
        return False
    return _has_ended(inference, info, inference.default_frame(info), last, name, depth - 1)


def _does_anything(info: FunctionInfo, use: ast.AST, until: Position) -> bool:
    """Whether something is called or set between a use of a session and a place."""
    after = extent(use)[2:]
    return any(
        after <= position(one) < until
        for one in own_nodes(info.node)
        if isinstance(one, ast.Call)
        or (isinstance(one, ast.Attribute | ast.Subscript) and not isinstance(one.ctx, ast.Load))
    )


def _is_left_by_base(inference: Inference, node: ast.Call, tried: ast.Try, frame: Frame) -> bool:
    """Whether all that may have failed is a method of the same object that rolls back its session before it fails."""
    session = node.func.value if isinstance(node.func, ast.Attribute) else node
    if not (isinstance(session, ast.Attribute) and isinstance(session.value, ast.Name) and session.value.id == "self"):
        return False
    handler = next(one for one in tried.handlers if _holds(one.body, position(node)))
    is_write = handler.type is not None and ast.unparse(handler.type).rpartition(".")[2] in OF_WRITES
    calls = [one for part in tried.body for one in ast.walk(part) if isinstance(one, ast.Call) and _is_own(one)]
    called = [value for one in calls for value in inference.infer(one.func, frame.info, frame)]
    return bool(called) and all(
        isinstance(one, Function) and _leaves_nothing(one.info, ast.unparse(session), is_write=is_write)
        for one in called
    )


def _is_own(call: ast.Call) -> bool:
    """Whether a call is one of a method of the same object: `self.create()`, `super().create()`."""
    match call.func:
        case ast.Attribute(value=ast.Name(id="self") | ast.Call(func=ast.Name(id="super"))):
            return True
        case _:
            return False


def _leaves_nothing(info: FunctionInfo, session: str, *, is_write: bool) -> bool:
    """Whether all that a function does with a session is rolled back if it fails; reading fails by no constraint."""
    if isinstance(info.node, ast.Lambda):
        return False
    careful = [one for one in _tries(info.node.body) if _rolls_back(one)]
    uses = [one for one in own_nodes(info.node) if isinstance(one, ast.Attribute) and ast.unparse(one.value) == session]
    calls = [one for one in info.calls if _is_own(one)]
    return bool(careful) and all(
        (is_write and isinstance(one, ast.Attribute) and one.attr in READS)
        or any(_holds(part.body, position(one)) or _handles(part, position(one)) for part in careful)
        for one in (*uses, *calls)
    )


def _is_use(node: ast.AST, session: str) -> bool:
    """Whether a session is asked something or given on; its attributes are told of by themselves."""
    match node:
        case ast.Attribute(value=held):
            return ast.unparse(held) == session
        case ast.Call(args=args, keywords=keywords):
            parts = (*args, *(one.value for one in keywords))
            return any(isinstance(one, ast.Name | ast.Attribute) and ast.unparse(one) == session for one in parts)
        case _:
            return False


def _ends(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in ENDS


def _is_rolled_back(inference: Inference, node: ast.AST, tried: ast.Try, frame: Frame) -> bool:
    """Whether a use of a session that fails leaves no transaction: what is around it, or called there, rolls back."""
    place = position(node)
    if not _holds(tried.body, place):
        return False
    for inner in _tries(tried.body):
        if (_holds(inner.body, place) and _rolls_back(inner)) or _handles(inner, place):
            return True
    if not isinstance(node, ast.Call):
        return False
    called = [value for part in (node.func, *node.args) for value in inference.infer(part, frame.info, frame)]
    return any(isinstance(one, Function) and _is_careful(one.info) for one in called)


def _is_careful(info: FunctionInfo) -> bool:
    """Whether a function is one `try` that rolls back whatever fails."""
    if isinstance(info.node, ast.Lambda):
        return False
    *first, last = info.node.body
    plain = not any(isinstance(one, ast.Call) for statement in first for one in ast.walk(statement))
    return plain and isinstance(last, ast.Try) and _rolls_back(last)


def _rolls_back(block: ast.Try) -> bool:
    """Whether any failure in a `try` is rolled back."""
    kinds = {
        one.type.id if isinstance(one.type, ast.Name) else ast.dump(one.type) if one.type else None
        for one in block.handlers
    }
    return not kinds.isdisjoint(ALL) and all(
        any(_ends(node) for part in one.body for node in ast.walk(part)) for one in block.handlers
    )


def _tried(info: FunctionInfo, node: ast.AST) -> ast.Try | None:
    """The innermost `try` in one of whose handlers a place is."""
    body = [] if isinstance(info.node, ast.Lambda) else info.node.body
    return max((one for one in _tries(body) if _handles(one, position(node))), key=position, default=None)


def _tries(block: list[ast.stmt]) -> Iterator[ast.Try]:
    for statement in block:
        yield from (one for one in ast.walk(statement) if isinstance(one, ast.Try))


def _handles(block: ast.Try, place: Position) -> bool:
    return any(_holds(one.body, place) for one in block.handlers)


def _holds(block: list[ast.stmt], place: Position) -> bool:
    last = block[-1]
    return position(block[0]) <= place < (last.end_lineno or 0, last.end_col_offset or 0)
