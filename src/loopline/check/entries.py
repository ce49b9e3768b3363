"""How each `async def` comes to the loop, kept beside a result: so that one which changed can be told of alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from loopline.check.finding import Step

if TYPE_CHECKING:
    from loopline.check.colours import Loop
    from loopline.check.model import ModuleInfo

__all__ = ["NEW", "NOWHERE", "Entry", "entries_of", "packed", "unpacked"]

Entries = Mapping[int, "Entry"]  # by the number of the function in its module


@dataclass(frozen=True, slots=True)
class Entry:
    """How an `async def` comes to the loop.

    ``kind`` and ``title`` say what runs it, ``way`` the calls that lead to it. ``served``: FastAPI alone calls it.
    ``asked``: what it gives was asked for. ``several``: there are more ways, of which it is the first.
    """

    kind: str
    title: str
    served: bool
    asked: bool
    several: bool
    way: tuple[Step, ...]


# Of functions that were not there before, an `async def` and a `def`, and that nobody calls.
NEW = Entry("other", "", served=False, asked=False, several=False, way=())
NOWHERE = Entry("", "", served=False, asked=False, several=False, way=())


def entries_of(loop: Loop, modules: Iterable[ModuleInfo]) -> dict[str, Entries]:
    """Return how the functions of modules come to the loop, by their files: those that do.

    Args:
        loop: What runs on the loop.
        modules: The modules.
    """
    found: dict[str, Entries] = {}
    for module in modules:
        if module.is_loaded and not module.is_test:
            numbered = ((number, loop.entry_of(info)) for number, info in enumerate(module.functions))
            found[str(module.path)] = {number: entry for number, entry in numbered if entry is not None}
    return found


def packed(entries: Entries) -> str:
    """Return entries as a text."""
    return json.dumps({number: astuple(one) for number, one in entries.items()}, ensure_ascii=False)


def unpacked(text: str) -> dict[int, Entry]:
    """Return entries from a text.

    Raises:
        ValueError: It is none of theirs.
    """
    try:
        return {
            int(number): Entry(str(kind), str(title), bool(served), bool(asked), bool(several), _steps(way))
            for number, (kind, title, served, asked, several, way) in json.loads(text).items()
        }
    except (TypeError, AttributeError) as error:
        raise ValueError(text[:80]) from error


def _steps(values: Iterable[tuple[str, int, str, str]]) -> tuple[Step, ...]:
    return tuple(Step(*one) for one in values)
