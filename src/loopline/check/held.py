"""Which locks a thread may hold for long: where none does more under it than keep a few things together, nobody waits.

with _lock:
    return _known.get(key)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from loopline.check.effects import Effects
from loopline.check.events import Block
from loopline.check.indexing import position
from loopline.check.model import ClassInfo, FunctionInfo, ModuleInfo
from loopline.check.values import Frame

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["Held"]

ENTERED = ("with threading.Lock", "with threading.RLock")
WAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.YieldFrom)
MOST = 300  # calls that are followed from under one lock


class Held:
    """Questions on locks; answers are remembered."""

    def __init__(self, inference: Inference, effects: Effects) -> None:
        self._inference = inference
        self._effects = effects
        self._known: dict[tuple[ModuleInfo | ClassInfo, str], bool] = {}

    def is_brief(self, info: FunctionInfo, block: Block) -> bool:
        """Tell whether what blocks is a lock of the project under which nothing blocks, wherever it is taken.

        Args:
            info: The function that takes it.
            block: What blocks there.
        """
        if block.effect.name not in ENTERED:
            return False
        match block.node:
            case ast.Name(id=name) if name in info.module.bindings and name not in info.bindings:
                place: tuple[ModuleInfo | ClassInfo, str] = (info.module, name)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name) if info.owner is not None:
                place = (info.owner, name)
            case _:
                return False
        if place not in self._known:
            self._known[place] = not any(self._holds_long(one, name) for one in self._users(*place))
        return self._known[place]

    def _users(self, owner: ModuleInfo | ClassInfo, name: str) -> Iterator[FunctionInfo]:
        modules = {owner.module: None}
        if isinstance(owner, ClassInfo):
            related = (*self._inference.classes.ancestry(owner), *self._inference.classes.subclasses(owner))
            modules.update((one.module, None) for one in related if isinstance(one, ClassInfo))
        else:
            for module in self._inference.project.texts.mentioning(name):
                if any(one.kind == "from" for one in module.bindings.get(name, ())):  # it may be this one
                    modules[module] = None
        for module in modules:
            yield from module.functions

    def _holds_long(self, info: FunctionInfo, name: str) -> bool:
        """Whether a function takes a lock of this name and waits before it gives it back, or hands it on."""
        for node in info.parts:
            match node:
                case ast.With(items=items) if any(_name(item.context_expr) == name for item in items):
                    if self._waits(info, node):
                        return True
                case ast.Call(func=ast.Attribute(value=held, attr="acquire")) if _name(held) == name:
                    return True
                case ast.Call(args=args, keywords=more) if any(
                    _name(one) == name for one in (*args, *(o.value for o in more))
                ):
                    return True
                case _:
                    pass
        return False

    def _waits(self, info: FunctionInfo, under: ast.With) -> bool:
        if any(isinstance(one, WAITS) for statement in under.body for one in ast.walk(statement)):
            return True
        start, end = position(under.body[0]), (under.end_lineno or 0, under.end_col_offset or 0)
        frame = self._inference.default_frame(info)
        seen: set[Frame] = set()
        waiting = [one for one in self._effects.of(frame) if start <= position(one.node) < end]
        while waiting:
            event = waiting.pop()
            if isinstance(event, Block):
                if event.effect.blocks != "lock":
                    return True
            elif event.frame not in seen:
                seen.add(event.frame)
                waiting.extend(self._effects.of(event.frame))
            if len(seen) > MOST:
                return True
        return False


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
