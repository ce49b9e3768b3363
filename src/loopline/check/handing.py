"""What a function hands to a thread and waits for: `await asyncio.to_thread(settings)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from loopline.check.calls import library_effect
from loopline.check.import_time import literals
from loopline.check.library_types import given
from loopline.check.model import FunctionInfo
from loopline.check.values import Frame, Function, Partial, Value

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["handed_over"]

WORDS = ("thread", "executor", "sync_to_async", "offload", "run")


def handed_over(inference: Inference, frame: Frame) -> Iterator[tuple[ast.expr, Frame, str | None]]:
    """Yield what a call hands over and awaits: where, the function's call, and the literals that it is given.

    Args:
        inference: Answers for expressions.
        frame: The call.
    """
    info = frame.info
    if not info.is_async:
        return
    for node in info.parts:
        match node:
            case ast.Await(value=ast.Call(func=called) as call) if any(one in _name(called) for one in WORDS):
                yield from _handed(inference, call, info, frame)
            case _:
                pass


def _handed(
    inference: Inference, call: ast.Call, info: FunctionInfo, frame: Frame
) -> Iterator[tuple[ast.expr, Frame, str | None]]:
    for value in inference.infer(call.func, info, frame):
        effect = library_effect(inference, value)
        for which in effect.threads if effect is not None else ():
            for part in given(call, which):
                rest = call.args[call.args.index(part) + 1 :] if part in call.args else []
                for one in inference.infer(part, info, frame):
                    function = _function(one)
                    if function is not None:
                        made = ast.Call(part, rest, [])
                        told = inference.told.by(function, made, info, frame)
                        inner = inference.frame(function.info, (), function.closure, function.receiver, told)
                        yield part, inner, literals(made)


def _function(value: Value) -> Function | None:
    match value:
        case Function(info=info) if not info.is_async and not info.is_generator:
            return value
        case Partial(function=Function() as function, possible=True):  # cached
            return function
        case _:
            return None


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
