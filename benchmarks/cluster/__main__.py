"""The command. It holds no more than this, since workers may load it again."""

from __future__ import annotations

if __name__ == "__main__":
    from benchmarks.cluster.command import main

    main()
