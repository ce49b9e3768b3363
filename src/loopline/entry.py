"""Where the program starts: `loopline check` needs nothing else of Loopline, and does not wait for its imports."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["check"]:
        from loopline.check.command import run_check

        sys.exit(run_check(sys.argv[2:]))
    else:
        from loopline.cli import main as run

        run()
