"""The command."""

from __future__ import annotations

from benchmarks.dashboard.command import main

if __name__ == "__main__":
    main()
