"""Syntax trees that are kept: their nodes have slots in place of a dict each, which is a third of the memory."""

from __future__ import annotations

import ast
from typing import Any

__all__ = ["compact", "kinds"]

UNREAD = {"type_comment", "kind", "type_ignores"}  # nobody asks for these


def _compact_kinds() -> dict[type, type[ast.AST]]:
    found: dict[type, type[ast.AST]] = {}
    for kind in vars(ast).values():
        if isinstance(kind, type) and issubclass(kind, ast.AST) and (kind._fields or kind._attributes):
            slots = tuple(name for name in (*kind._fields, *kind._attributes) if name not in UNREAD)
            found[kind] = type(kind.__name__, (kind,), {"__slots__": slots, "__module__": __name__})
    return found


_COMPACT = _compact_kinds()
_SLOTS: dict[type, tuple[str, ...]] = {kind: vars(made)["__slots__"] for kind, made in _COMPACT.items()}


def compact(tree: ast.Module) -> ast.Module:
    """Return a tree of the same nodes, each of a class below its own; the tree itself if it is nested beyond reason.

    Args:
        tree: What `ast.parse` made.
    """
    try:
        made = _compact(tree)
    except RecursionError:
        return tree
    assert isinstance(made, ast.Module)
    return made


def _compact(node: Any) -> ast.AST:
    kind = node.__class__
    made_kind = _COMPACT[kind]
    made = made_kind.__new__(made_kind)
    values: dict[str, Any] = node.__dict__
    for name in _SLOTS[kind]:
        value = values.get(name)
        if value.__class__ in _COMPACT:
            value = _compact(value)
        elif value.__class__ is list:
            value = [_compact(one) if one.__class__ in _COMPACT else one for one in value]
        setattr(made, name, value)
    return made


def kinds(*wanted: type) -> frozenset[type]:
    """Return kinds of nodes, and those of compact trees below them."""
    return frozenset(one for kind in wanted for one in (kind, _COMPACT.get(kind, kind)))
