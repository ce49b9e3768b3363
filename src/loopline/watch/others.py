"""Which other threads of the process compute, as one loop sees it."""

from __future__ import annotations

import threading
from time import monotonic

from loopline.watch.clocks import cpu_seconds

__all__ = ["Others"]

WORTH = 0.1  # of a time, that a thread must have computed to have kept others from it


class Others:
    """How much each thread computes. Noted by the loop's thread and by the watch's."""

    def __init__(self) -> None:
        self.note()

    def note(self) -> None:
        """Note how much each has computed so far."""
        # At once, so that neither thread sees one half of what the other noted.
        self._noted = (
            monotonic(),
            {
                native: cpu
                for thread in threading.enumerate()
                if (native := thread.native_id) is not None and (cpu := cpu_seconds(native)) is not None
            },
        )

    def busiest(self, loop_thread: int, own_thread: int) -> int | None:
        """Return the thread that has computed most since then; None if that is the loop's, or nearly none.

        How much is most depends on what else the machine does.

        Args:
            loop_thread: Python's number for the loop's.
            own_thread: That of the watch's, which is left out.
        """
        at, seen = self._noted
        most, busiest = (monotonic() - at) * WORTH, loop_thread
        for thread in threading.enumerate():
            native, ident = thread.native_id, thread.ident
            if native is None or ident is None or ident == own_thread:
                continue
            computed = (cpu_seconds(native) or 0.0) - seen.get(native, 0.0)
            if computed > most:
                most, busiest = computed, ident
        return None if busiest == loop_thread else busiest
