"""What handles that a module is missing: `except ImportError:`."""

from __future__ import annotations

import ast

__all__ = ["MISSING", "is_for_missing"]

MISSING = {"ImportError", "ModuleNotFoundError"}


def is_for_missing(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler is for missing modules alone.

    Args:
        handler: The handler.
    """
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return all(isinstance(one, ast.Name) and one.id in MISSING for one in kinds)
