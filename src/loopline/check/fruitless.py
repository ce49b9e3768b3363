"""Imports by name that load nothing: of a module that there is not, or only if one is missing that there is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from loopline.check.library_types import given
from loopline.check.missing import is_for_missing
from loopline.check.model import FunctionInfo, ModuleInfo, own_nodes
from loopline.check.spellings import spellings
from loopline.check.values import Frame

if TYPE_CHECKING:
    from loopline.check.inference import Inference

__all__ = ["is_fruitless"]


def is_fruitless(inference: Inference, node: ast.Call, names: frozenset[str], frame: Frame) -> bool:
    """Tell whether `import_module(name)` finds no module of the project to load.

    Args:
        inference: Knows the project.
        node: The call.
        names: What it may import.
        frame: The call of the function in which it stands.
    """
    module = frame.info.module
    if all(_is_missing(inference, one, module) for one in names):
        return True
    for tried in _tried_before(frame.info, node):
        others = spellings(inference, tried, frame.info, frame)
        if others is not None and (rest := others - names):
            return all(inference.project.module(one, module) is not None for one in rest)
    return False


def _is_missing(inference: Inference, name: str, module: ModuleInfo) -> bool:
    """Whether a package of the project has no such module."""
    package = inference.project.module(name.rpartition(".")[0], module)
    return package is not None and package.is_package and inference.project.module(name, module) is None


def _tried_before(info: FunctionInfo, node: ast.Call) -> Iterator[ast.expr]:
    """What was imported by name before, if a call stands where that is handled as missing."""
    for block in own_nodes(info.node):
        if isinstance(block, ast.Try) and any(_handles(one, node) for one in block.handlers):
            for statement in block.body:
                for one in ast.walk(statement):
                    if isinstance(one, ast.Call) and ast.unparse(one.func) == ast.unparse(node.func):
                        yield from (one.args[:1] or given(one, "name"))


def _handles(handler: ast.ExceptHandler, node: ast.Call) -> bool:
    return is_for_missing(handler) and any(one is node for statement in handler.body for one in ast.walk(statement))
