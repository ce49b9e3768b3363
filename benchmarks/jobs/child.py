"""One measure in a process of its own: ``python -m benchmarks.jobs.child MEASURE ARGUMENTS RESULT``."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

__all__: list[str] = []


def _main(name: str, arguments: str, result: str) -> None:
    measure = getattr(import_module(f"benchmarks.jobs.measures.{name}"), name)
    Path(result).write_text(json.dumps(measure(**json.loads(arguments))))


if __name__ == "__main__":
    _main(*sys.argv[1:])
