"""What the tests run on the Ray cluster, beside what all lanes run. Its workers import it by its name."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def die_once(folder: str) -> int:
    """Kill the process that runs it, the first time."""
    died = Path(folder) / "died"
    if not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def burn(folder: str, name: str = "burns") -> None:
    """Say which process it is, and use a processor until that is killed."""
    (Path(folder) / f"{name}.writing").write_text(str(os.getpid()))
    (Path(folder) / f"{name}.writing").rename(Path(folder) / name)
    while True:
        pass


def count_in(data: bytes, number: int) -> int:
    return len(data) + number
