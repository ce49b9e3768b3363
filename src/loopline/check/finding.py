"""What a check reports."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ALONE", "PLACES", "SKIPPED", "Finding", "Step"]

PLACES = ("request", "other", "startup", "command line", "tests")
ALONE = ("startup", "tests")  # of these: where nobody else waits
SKIPPED = "LL001"  # the code of a file that was skipped


@dataclass(frozen=True, slots=True)
class Step:
    """One place on the way from the route, or the ``async def``, to what is wrong: a line, and what is there."""

    path: str
    line: int
    function: str
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    ``certain`` is false where it may be harmless. ``cause`` groups findings that one change would mend;
    ``place`` is what kind of code it is in: ``request``, ``other``, ``startup``, ``command line`` or ``tests``.
    ``mends`` are the places (path, line, column) that a fix changes, if it is not the finding's own.
    ``more_inside``: so is a part of the call by itself, an argument or what the method is asked of.
    ``others``: how many more places wait for the same if they come first; nobody does after that. ``sometimes``: it
    is not certain, since what is called does it on some of its ways only.
    """

    code: str
    path: str
    line: int
    column: int
    message: str
    advice: str
    certain: bool = True
    chain: tuple[Step, ...] = ()
    cause: str = ""
    place: str = "other"
    route: str = ""
    end_line: int = 0
    end_column: int = 0
    mends: tuple[tuple[str, int, int], ...] = ()
    more_inside: bool = False
    others: int = 0
    sometimes: bool = False

    @property
    def certainty(self) -> str:
        """``certain`` or ``possible``."""
        return "certain" if self.certain else "possible"
