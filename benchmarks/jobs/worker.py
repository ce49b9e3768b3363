"""A worker in a process of its own: ``python -m benchmarks.jobs.worker TARGET URL``."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.jobs.registry import load

__all__ = ["LOOPLINE_WORKER", "workers"]

READY = "ready"
LOOPLINE_WORKER = "LOOPLINE_WORKER"  # written out: other contenders must not pay for importing Loopline


@contextmanager
def workers(target: str, url: str, count: int) -> Iterator[None]:
    """Run workers until the block ends. All have imported what they need when the first begins.

    Args:
        target: The contender, as in its entry.
        url: Its store.
        count: How many.

    Raises:
        RuntimeError: If one does not start, or ends on its own.
    """
    command = [sys.executable, "-m", "benchmarks.jobs.worker", target, url]
    # Whoever starts them may have none of its own. They are in the group of this process, which is ended as a whole.
    kept = {name: value for name, value in os.environ.items() if name != LOOPLINE_WORKER}
    processes = [
        subprocess.Popen(command, env=kept, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            if process.stdout.readline().strip() != READY:
                raise RuntimeError("a worker did not start")
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        yield
        if any(process.poll() is not None for process in processes):
            raise RuntimeError("a worker has ended by itself")
    finally:
        for process in processes:  # what they would do at an end is not measured; nobody needs their store any more
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                assert stream is not None
                stream.close()


def _main() -> None:
    logging.basicConfig(level=logging.WARNING)
    contender = load(*sys.argv[1:])
    print(READY, flush=True)
    sys.stdin.readline()
    sys.argv[1:] = []  # Celery looks there
    contender.work()


if __name__ == "__main__":
    _main()
