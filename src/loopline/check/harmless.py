"""Calls of libraries that usually block, where they don't: by their arguments, or by what the function did before."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from loopline.check.conditions import applies
from loopline.check.fruitless import is_fruitless
from loopline.check.libraries import Effect
from loopline.check.library_types import given
from loopline.check.model import FunctionInfo
from loopline.check.outcomes import known
from loopline.check.settled import is_settled
from loopline.check.spellings import spellings
from loopline.check.values import Frame, LibraryInstance

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["is_harmless"]

LOOP_CHECKS = {"get_running_loop", "get_event_loop", "_get_running_loop", "is_running", "current_async_library"}
KERNEL = ("/proc/", "/sys/")  # of the file systems that the kernel makes up as they are read (proc(5), sysfs(5))
DEEPEST = 3  # names behind names
BUFFERS = {"builtins.BytesIO", "builtins.StringIO"}  # as the catalog calls those of `io`


def is_harmless(inference: Inference, node: ast.AST, effect: Effect, frame: Frame) -> bool:
    """Tell whether what the catalog says of a library's function does not hold for a use of it.

    Args:
        inference: Answers for expressions.
        node: The use: a call, or what calls it.
        effect: What the catalog says; it blocks.
        frame: The call of the function in which it stands.
    """
    if effect.blocks == "loop" and _minds_the_loop(frame.info):
        return True
    if not isinstance(node, ast.Call):
        return False
    return (
        not applies(effect, node)
        or (bool(effect.after) and _is_settled(node, effect, frame.info))
        or (effect.blocks == "disk" and (_is_in_memory(inference, node, frame) or _is_of_kernel(node, frame.info)))
        or (bool(effect.imports) and _is_imported(inference, node, effect, frame))
        or (bool(effect.works_through) and _is_brief(inference, node, effect, frame))
    )


def _is_settled(node: ast.Call, effect: Effect, info: FunctionInfo) -> bool:
    """Whether the function asks, or waits for, the same object first."""
    return isinstance(node.func, ast.Attribute) and is_settled(info, node.func.value, node, effect.after)


def _is_in_memory(inference: Inference, node: ast.Call, frame: Frame) -> bool:
    """Whether what is read or written is no file: `Image.open(BytesIO(data))`."""
    values = inference.infer(node.args[0], frame.info, frame) if node.args else ()
    return bool(values) and all(isinstance(one, LibraryInstance) and one.path in BUFFERS for one in values)


def _is_of_kernel(node: ast.Call, info: FunctionInfo) -> bool:
    """Whether what is read is on no disk: `open("/proc/self/status")`, `Path("/sys/fs/cgroup/cpu.max").read_text()`."""
    places = [*node.args[:1], *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
    return any(_path(one, info).startswith(KERNEL) for one in places)


def _path(node: ast.expr, info: FunctionInfo, depth: int = 0) -> str:
    match node:
        case ast.Constant(value=str(path)):
            return path
        case ast.Call(func=ast.Name(id="Path") | ast.Attribute(attr="Path"), args=[ast.Constant(value=str(path))]):
            return path
        case ast.Name(id=name) if depth < DEEPEST:
            bound = info.bindings.get(name) or info.module.bindings.get(name) or []
            values = [one.node if one.kind == "value" else info.defaults.get(name) for one in bound]
            paths = {_path(one, info, depth + 1) if isinstance(one, ast.expr) else "" for one in values}
            return paths.pop() if len(paths) == 1 else ""
        case _:
            return ""


def _is_imported(inference: Inference, node: ast.Call, effect: Effect, frame: Frame) -> bool:
    """Whether the application imports the module anyway, or there is none to load."""
    parts = [one for which in effect.imports for one in given(node, which)]
    names = [spellings(inference, one, frame.info, frame) for one in parts]
    told = inference.import_time
    return bool(names) and all(
        one and (told.has_imported(one, frame.info.module) or is_fruitless(inference, node, one, frame))
        for one in names
    )


def _is_brief(inference: Inference, node: ast.Call, effect: Effect, frame: Frame) -> bool:
    """Whether what is worked through is a literal of a few words."""
    parts = [one for which in effect.works_through for one in given(node, which)]
    return bool(parts) and all(known(inference, one, frame.info, frame).brief for one in parts)


def _minds_the_loop(info: FunctionInfo) -> bool:
    """A function that asks whether a loop runs knows what it does with `asyncio.run`."""
    if info.is_async:
        return False
    return any(
        isinstance(node, ast.Attribute | ast.Name)
        and (node.attr if isinstance(node, ast.Attribute) else node.id) in LOOP_CHECKS
        for node in ast.walk(info.node)
    )
