"""Where the program starts: `loopline check` needs nothing else of Loopline, and does not wait for its imports."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

__all__ = ["main"]


def _check() -> NoReturn:
    """Run the check and end: what it holds at its end is much, and taking it apart would take seconds."""
    gc.disable()
    from loopline.check.command import run_check

    try:
        code = run_check(sys.argv[2:])
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has enough, such as `head`
        code = 1
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["check"]:
        _check()
    else:
        from loopline.cli import main as run

        run()
