"""Who sees what runs while a C call holds the GIL: the timer of faulthandler, which needs no Python to run.

There is one such timer in a process. Whoever else sets it has it; the watch then does without.
"""

from __future__ import annotations

import faulthandler
import os
import re
import tempfile
from typing import Any

from loopline.watch.finding import Place
from loopline.watch.frames import Stack, Step, is_loop

__all__ = ["Witness"]

MOST = 200_000  # bytes of what it wrote that are read

_THREAD = re.compile(r"^(?:Current t|T)hread 0x([0-9a-f]+)")
_LINE = re.compile(r'^  File "(.*)", line (\d+) in (.*)$')


class Witness:
    """Writes down all stacks when the watch's thread has not come back in time.

    Args:
        allowed: Whether the timer may be used at all.
    """

    def __init__(self, *, allowed: bool) -> None:
        # A file without a name: nothing is left of it, however the process ends.
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by stop()
        self._set = faulthandler.dump_traceback_later
        self._cancel = faulthandler.cancel_dump_traceback_later
        self._allowed = allowed
        self._taken = False

    def start(self) -> None:
        """Notice from now on when others use the timer."""
        if not self._allowed:
            self._taken = True
            return
        faulthandler.dump_traceback_later = self._set_by_others
        faulthandler.cancel_dump_traceback_later = self._cancelled_by_others

    def stop(self) -> None:
        """Let it go."""
        if not self._taken:
            self._cancel()
        if faulthandler.dump_traceback_later == self._set_by_others:
            faulthandler.dump_traceback_later = self._set
            faulthandler.cancel_dump_traceback_later = self._cancel
        self._file.close()

    def arm(self, seconds: float) -> None:
        """Let it write, unless it is armed again within so many seconds. Costs some 40 µs."""
        if not self._taken:
            self._set(seconds, file=self._file)

    def read(self) -> dict[int, Stack]:
        """Return what it has written, by Python's number for the thread, and forget it."""
        if not os.fstat(self._file.fileno()).st_size:
            return {}
        if not self._taken:
            self._cancel()  # it may be writing
        self._file.seek(0)
        text = self._file.read(MOST).decode(errors="replace")
        self._file.seek(0)
        self._file.truncate()
        return _parse(text)

    def _set_by_others(self, *args: Any, **options: Any) -> None:
        self._taken = True
        self._set(*args, **options)

    def _cancelled_by_others(self) -> None:
        self._taken = False
        self._cancel()


def _parse(text: str) -> dict[int, Stack]:
    stacks: dict[int, Stack] = {}
    steps: list[Step] | None = None
    thread = 0
    for line in [*text.splitlines(), ""]:
        begins, found = _THREAD.match(line), _LINE.match(line)
        if found is not None and steps is not None:
            steps.append(Step(Place(found[1], int(found[2]), found[3])))
        elif begins is not None or not line:
            if steps:
                loop = next((i for i, step in enumerate(steps) if is_loop(step.place.file, step.place.function)), None)
                stacks[thread] = tuple(steps[:loop])
            steps = [] if begins is not None else None
            thread = int(begins[1], 16) if begins is not None else 0
    return stacks
