"""What may be known of a value beside its type: whether it is None, whether it is true, and which literal it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import EllipsisType

__all__ = ["NOTHING", "OBJECT", "PRESENT", "TEXT", "Known", "of_literal"]

BRIEF = 200  # characters: to work through so few takes no time
Plain = str | int | float | bytes | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a value; None, and for ``literal`` an ellipsis, where it is not.

    ``brief``: it is a literal so short that nothing takes long with it. ``text``: it is a `str` or `bytes`.
    """

    is_none: bool | None = None
    truth: bool | None = None
    literal: Plain | EllipsisType = ...
    brief: bool = False
    text: bool = False

    def without_literal(self) -> Known:
        """Return what is left where nobody asks which literal it is."""
        if self.literal is None or isinstance(self.literal, bool):
            return self
        return Known(self.is_none, self.truth, ..., self.brief)


NOTHING = Known()
PRESENT = Known(is_none=False)
OBJECT = Known(is_none=False, truth=True)
TEXT = Known(is_none=False, text=True)


@lru_cache(1024, typed=True)
def of_literal(value: object) -> Known:
    """Return what is known of a literal.

    Args:
        value: Its value.
    """
    if value is not None and not isinstance(value, str | int | float | bytes):
        return OBJECT if value is ... else PRESENT
    brief = not isinstance(value, str | bytes) or len(value) <= BRIEF
    return Known(value is None, bool(value), value if brief else ..., brief, isinstance(value, str | bytes))
