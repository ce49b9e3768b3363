"""What the watch finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

__all__ = ["Finding", "Kind", "Place"]

Kind: TypeAlias = Literal["blocking", "cpu", "gil", "callbacks", "gc", "import", "no-cpu", "forgotten-await"]
"""Why the loop stood still, or that an await was forgotten.

``blocking``: a call that waits; ``cpu``: Python code that computes; ``gil``: a C call that lets no other thread run;
``callbacks``: many short steps in a row; ``gc``: garbage collection; ``import``: a module imported at its first use;
``no-cpu``: the machine gave this process no processor, which is no fault of the code.
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of code.

    Attributes:
        file: Its file.
        line: Its number.
        function: The qualified name of the function that it is in.
    """

    file: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One stall of the event loop, or one coroutine that nobody awaited.

    Attributes:
        kind: What it is.
        seconds: How long the loop stood still; 0 for a forgotten await.
        place: The guilty line of the application; None if no line is to blame.
        call: What that line calls, such as ``time.sleep``; empty if that is not known.
        route: The guilty request's method and template; None if none is to blame.
        endpoint: The module and name of the function that answers it.
        task: The name of the asyncio task.
        chain: The application's own lines from the outermost to the guilty one.
        advice: What to write instead.
        at: When it ended, by the machine's clock.
        ongoing: Whether the loop still stood still when this was said.
    """

    kind: Kind
    seconds: float
    place: Place | None
    call: str
    route: str | None
    endpoint: str | None
    task: str | None
    chain: tuple[Place, ...]
    advice: str
    at: datetime
    ongoing: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as a line of the report has it."""
        place = self.place
        return {
            "kind": self.kind,
            "seconds": round(self.seconds, 4),
            "file": None if place is None else place.file,
            "line": None if place is None else place.line,
            "function": None if place is None else place.function,
            "call": self.call,
            "route": self.route,
            "endpoint": self.endpoint,
            "task": self.task,
            "chain": [[step.file, step.line, step.function] for step in self.chain],
            "advice": self.advice,
            "at": self.at.isoformat(timespec="milliseconds"),
            "ongoing": self.ongoing,
        }
