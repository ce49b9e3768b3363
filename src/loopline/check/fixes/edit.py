"""Edits of a file: texts put in place of others, everything around them kept byte for byte."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Edit", "apply"]


@dataclass(frozen=True, slots=True)
class Edit:
    """A text in place of the bytes from ``start`` to ``end``. Of several at one place the ``outer`` one comes first."""

    start: int
    end: int
    text: bytes
    outer: int = 0


def apply(content: bytes, edits: Iterable[Edit]) -> bytes | None:
    """Return the content after edits.

    Args:
        content: UTF-8.
        edits: What to change; an edit that is there twice counts once.

    Returns:
        The new content, or None where edits cut into each other.
    """
    parts: list[bytes] = []
    at = 0
    for edit in sorted(set(edits), key=lambda one: (one.start, one.end, -one.outer)):
        if edit.start < at:
            return None
        parts.extend((content[at : edit.start], edit.text))
        at = edit.end
    return b"".join((*parts, content[at:]))
