"""The command. It holds no more than this, since some pools load it again in each worker."""

from __future__ import annotations

if __name__ == "__main__":
    from benchmarks.lanes.command import main

    main()
