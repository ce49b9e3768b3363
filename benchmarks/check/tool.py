"""A tool: how it is called, and which of its lines are about the event loop or an await."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

__all__ = ["Kind", "Report", "Tool", "executable", "from_lines"]

Kind: TypeAlias = Literal["blocking", "await"]


@dataclass(frozen=True, slots=True)
class Report:
    """What a tool says of one line.

    Attributes:
        path: The file, as the tool names it.
        line: The line, from 1.
        kind: ``blocking``: it blocks the loop; ``await``: an await is forgotten.
    """

    path: str
    line: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Tool:
    """How a tool is used.

    Attributes:
        name: Its name in the tables.
        package: The distribution whose version is told; empty for one that is not installed as such.
        command: Returns the command for a folder; it is run with that as its working directory.
        read: Reads what it printed.
        kinds: What it looks for.
        caches: What it leaves in the folder, to be deleted before a cold run.
        note: How it is set, if that matters.
    """

    name: str
    package: str
    command: Callable[[Path], Sequence[str]]
    read: Callable[[str], Iterator[Report]]
    kinds: frozenset[Kind]
    caches: tuple[str, ...] = ()
    note: str = ""


def executable(name: str) -> str:
    """Return where a command is: beside this Python first.

    Raises:
        FileNotFoundError: If it is nowhere.
    """
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed")
    return found


def from_lines(**about: str) -> Callable[[str], Iterator[Report]]:
    """Return a reader of lines such as ``path:line:column: message``.

    Args:
        about: For each kind, a regular expression that the messages about it match; ``await_`` for ``await``.
    """
    place = re.compile(r"^(?:\s*)(?P<path>[^\s:][^:]*\.pyi?):(?P<line>\d+)(?::\d+)?(?:-\d+)?[: -](?P<message>.*)$")
    patterns: list[tuple[Kind, re.Pattern[str]]] = [
        ("await" if name == "await_" else "blocking", re.compile(pattern)) for name, pattern in about.items()
    ]

    def read(output: str) -> Iterator[Report]:
        for text in output.splitlines():
            if match := place.match(text):
                for kind, pattern in patterns:
                    if pattern.search(match["message"]):
                        yield Report(match["path"], int(match["line"]), kind)

    return read
