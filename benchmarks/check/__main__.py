"""The command."""

from __future__ import annotations

from benchmarks.check.command import main

if __name__ == "__main__":
    main()
