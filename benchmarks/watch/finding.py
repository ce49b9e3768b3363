"""What a tool has reported, in the same form for all."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeAlias

__all__ = ["Finding", "Spot", "Tell", "notebook", "read_findings", "spots_in"]

Spot: TypeAlias = tuple[str, int, str]
"""File, line (0: not said), function (empty: not said)."""

_FRAME = re.compile(r'File "([^"]+)", line (\d+)(?:, in (\S+))?')
_SHORT = 600  # characters of a tool's own words that are kept


@dataclass(frozen=True, slots=True)
class Finding:
    """One report.

    Attributes:
        kind: In Loopline's words, if the tool says it.
        seconds: How long, if it says it.
        spots: The places that it names: of a stack, each frame.
        route: Method and path, if it names them.
        function: Qualified, if it names one without a file.
        text: Its own words, shortened.
        at: When it arrived, as time.time() says.
    """

    kind: str | None = None
    seconds: float | None = None
    spots: list[Spot] = field(default_factory=list)
    route: str | None = None
    function: str | None = None
    text: str = ""
    at: float = field(default_factory=time.time)


Tell: TypeAlias = Callable[[Finding], None]
"""Takes what a tool has found; may be called in any thread, and does not block."""


@contextmanager
def notebook(path: Path) -> Iterator[Tell]:
    """Write findings as JSON lines, in a thread: nothing that is watched may block, and this least of all.

    Args:
        path: The file.
    """
    told: SimpleQueue[Finding | None] = SimpleQueue()

    def write() -> None:
        with path.open("a") as file:
            while (finding := told.get()) is not None:
                said = asdict(finding) | {"text": finding.text[:_SHORT]}
                file.write(json.dumps(said) + "\n")
                file.flush()

    thread = threading.Thread(target=write, name="notebook")
    thread.start()
    try:
        yield told.put
    finally:
        told.put(None)
        thread.join()


def read_findings(lines: Iterable[str]) -> list[Finding]:
    """Read what a notebook holds."""
    return [_finding(json.loads(line)) for line in lines]


def _finding(said: dict[str, Any]) -> Finding:
    spots: list[Spot] = [(file, line, function) for file, line, function in said.pop("spots")]
    return Finding(**said, spots=spots)


def spots_in(text: str) -> list[Spot]:
    """Return the frames of the tracebacks in a text."""
    return [(file, int(line), function or "") for file, line, function in _FRAME.findall(text)]
