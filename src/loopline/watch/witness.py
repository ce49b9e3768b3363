"""Who held the GIL: seen by the loop's own thread, at the very end of a long C call.

While a C call holds the GIL, no other thread can look; and once it has ended, other threads that wait may be given the
GIL first, and the loop may have gone on to innocent work before the watch's thread is. So a timer of the processor time
that the loop's thread has used, set anew with each beat, sends that thread a signal. Python heeds it where the C call
ends, before anything else runs.

It is SIGURG, since what nobody handles of it is ignored: no program can die of it. Go's runtime interrupts its threads
with it for the same reason. A timer of this kind is gone after ``fork`` and ``exec`` (timer_create(2)).
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from time import monotonic
from types import FrameType

from loopline.watch.glimpse import Glimpse, glimpse_of
from loopline.watch.libc import ThreadTimer, thread_timers

__all__ = ["Witness"]

CHECKED = 16  # times that it is set, from one look whose the signal is to the next: that costs more than all the rest
DEEPEST = 50  # frames that the witness itself needs, with what a garbage collection may call meanwhile

logger = logging.getLogger("loopline.watch")


class Witness:
    """Looks at the running loop's thread each time it has computed for so long; where that can be, which is on Linux.

    Python has signals handled in the main thread: a loop in another has no witness, nor has one whose program handles
    SIGURG itself.

    Args:
        seconds: Of processor time.

    Attributes:
        base: How many of the outermost frames of the thread's stack run the loop.
        seen: What it saw last.
    """

    def __init__(self, seconds: float) -> None:
        self.base = 0
        self.seen: Glimpse | None = None
        self._at = 0.0
        self._loop = asyncio.get_running_loop()
        self._timer: ThreadTimer | None = None
        self._times_set = 0
        self._handler = self._look  # one object, so that it can be recognised
        if not thread_timers or threading.current_thread() is not threading.main_thread():
            return
        handler = signal.getsignal(signal.SIGURG)
        # An earlier loop's witness may be there still: it can't be taken away from another thread.
        if handler is not signal.SIG_DFL and not isinstance(getattr(handler, "__self__", None), Witness):
            return
        try:
            self._timer = ThreadTimer(threading.get_native_id(), signal.SIGURG, seconds)
        except OSError:
            return
        signal.signal(signal.SIGURG, self._handler)
        signal.siginterrupt(signal.SIGURG, False)  # system calls that can go on shall

    def set(self) -> None:
        """Begin to count anew. To be called in the loop's thread."""
        if self._timer is None:
            return
        self._times_set += 1
        if not self._times_set % CHECKED and signal.getsignal(signal.SIGURG) is not self._handler:
            self.close()  # somebody else wants the signal
        else:
            self._timer.set()

    def close(self) -> None:
        """Look no more."""
        timer, self._timer = self._timer, None
        if timer is None:
            return
        timer.close()
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGURG) is self._handler:
            signal.signal(signal.SIGURG, signal.SIG_DFL)

    def seen_since(self, when: float) -> Glimpse | None:
        """Return what it saw last; None if that was before some time, by the monotonic clock."""
        return self.seen if self._at > when else None

    def beneath(self, frame: FrameType | None) -> FrameType | None:
        """Return the frame that runs beneath the witness, if it is looking at this moment; else the frame itself."""
        own = frame
        for _ in range(DEEPEST):
            if own is None:
                break
            if own.f_code is Witness._look.__code__:
                return own.f_back
            own = own.f_back
        return frame

    def _look(self, number: int, frame: FrameType | None) -> None:
        try:
            self.seen, self._at = glimpse_of(frame, self.base, self._loop), monotonic()
        except Exception:  # whatever is raised here would be raised in the application
            logger.exception("the watch failed; it goes on")
