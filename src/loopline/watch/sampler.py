"""The watch's thread: it looks whether the loops' hearts beat, and when one does not, what its thread does."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from types import FrameType

from loopline.watch.alarm import Sleep
from loopline.watch.clocks import Reading, ThreadClock
from loopline.watch.episode import Episode, Pause, Sample
from loopline.watch.frames import Stack, stack_of
from loopline.watch.glimpse import Glimpse, glimpse_of
from loopline.watch.heartbeat import LATE, Heartbeat
from loopline.watch.owner import NOBODY

__all__ = ["Sampler"]

SELDOM = 1.0  # seconds between two looks while all is well
CALM = 0.04  # where there are no alarms, or something is to be told soon
CLOSE = 0.01  # between two samples of a stall
LONG = 5.0  # a stall that lasts so long is told of before it ends
TURNS = 2  # that a thread is given anyway
ASKED = 0.3  # of a time in which a thread waited for the GIL, that its asking explains
TRIES = 3  # to look at a loop while it stands still
SLOWER = 100  # samples after which the looks become rarer

logger = logging.getLogger("loopline.watch")


class Sampler:
    """Watches loops from a daemon thread, which ends when there is none left.

    Args:
        threshold: Seconds; shorter stalls are not told of.
        tell: Called in this thread with a stall: its heartbeat, what was seen, when it ended, whether it goes on.
        tick: Called in this thread after each look. It returns whether it wants to be called again soon.
    """

    def __init__(
        self,
        threshold: float,
        tell: Callable[[Heartbeat, Episode, float, bool], None],
        tick: Callable[[], bool],
    ) -> None:
        self._threshold = threshold
        self._tell = tell
        self._tick = tick
        self._calm = min(CALM, threshold / 3)
        self._pulses: dict[Heartbeat, _Pulse] = {}
        self._lock = threading.Lock()
        self._sleep: Sleep | None = None  # there is a thread, which has not been told to end
        self._thread: threading.Thread | None = None

    def add(self, heart: Heartbeat) -> None:
        """Watch one more loop."""
        with self._lock:
            self._pulses[heart] = _Pulse(heart)
            if self._sleep is None:
                self._sleep = Sleep()
                self._thread = threading.Thread(
                    target=self._run, args=(self._sleep,), name="loopline-watch", daemon=True
                )
                self._thread.start()
            self._sleep.add(heart.alarm)
            self._sleep.wake()

    def remove(self, heart: Heartbeat) -> None:
        """Watch it no more; before it is stopped. The thread ends if it was the last; ``join`` waits for that."""
        with self._lock:
            pulse = self._pulses.pop(heart, None)
            if pulse is None or self._sleep is None:
                return
            if pulse.episode is not None:
                self._end(heart, pulse.episode, monotonic())
            sleep = self._sleep
            sleep.remove(heart.alarm)
            if not self._pulses:
                self._sleep = None
                sleep.wake()

    def wake(self) -> None:
        """Have ``tick`` be called soon."""
        sleep = self._sleep
        if sleep is not None:
            sleep.wake()

    def join(self) -> None:
        """Wait until the thread has ended, if it is to end."""
        thread = self._thread
        if self._sleep is None and thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self, sleep: Sleep) -> None:
        clock = ThreadClock(threading.get_native_id())
        pause = self._calm
        try:
            while True:
                before, asked = clock.read(), monotonic()
                planned, rung = sleep.until(asked + pause)
                if self._sleep is not sleep:
                    return
                try:
                    # First of all: once the GIL is let go, the loop runs on.
                    now = monotonic()
                    pulses = list(self._pulses.values())
                    hearts = [pulse.heart for pulse in pulses]
                    late = now - _wanted(planned, now, [one for one in hearts if one.alarm.descriptor in rung])
                    looks = [_look_at(heart, asked, now, late) for heart in hearts]
                    missed = _missed(late, before, clock.read())
                    with self._lock:
                        stalled = [
                            self._look(pulse, now, look, missed)
                            for pulse, look in zip(pulses, looks, strict=True)
                            if pulse.heart in self._pulses
                        ]
                except Exception:
                    logger.exception("the watch failed; it goes on")
                    stalled = [self._calm]
                if self._tick():
                    stalled.append(self._calm)
                pause = min(stalled, default=SELDOM)
        finally:
            clock.close()
            sleep.close()

    def _look(self, pulse: _Pulse, now: float, look: _Look | None, missed: Pause | None) -> float:
        """Look at one loop; return after how many seconds to look again."""
        heart, episode = pulse.heart, pulse.episode
        count, due, was_due, beaten = heart.count, heart.due, heart.was_due, heart.beaten
        before, reading = heart.before, heart.reading
        if heart.loop.is_closed():
            return self._calm
        if episode is not None and count != episode.beat:
            pulse.episode = None
            self._end(heart, episode, beaten if count == episode.beat + 1 else now)
            episode = None
        elif episode is None and count != pulse.count and beaten - was_due > self._threshold:
            # It was over before this thread could look. Who held the GIL was seen by the witness, if anybody did.
            held = missed is not None and missed.wanted
            seen = (heart.witness.seen_since(was_due) if held else None) or Glimpse((), NOBODY, None)
            unseen = Episode(count - 1, was_due, before)
            unseen.add(Sample(beaten, seen.stack, seen.owner, heart.clock.read(), seen.callback, missed, ()))
            self._end(heart, unseen, beaten)
        if look is None or now - due <= LATE:
            pulse.count = count
            return SELDOM if heart.alarm.descriptor >= 0 else self._calm
        if episode is None:
            episode = pulse.episode = Episode(count, due, reading)
        episode.add(_sample(heart, now, look, missed))
        if now - due > LONG and not episode.said:
            episode.said = True
            self._tell(heart, episode, now, True)
        return CLOSE * max(1.0, len(episode.samples) / SLOWER)

    def _end(self, heart: Heartbeat, episode: Episode, ended: float) -> None:
        if ended - episode.began > self._threshold:
            episode.last = heart.clock.read()
            self._tell(heart, episode, ended, False)


@dataclass(frozen=True, slots=True)
class _Look:
    """What the loop's thread does at this moment, and what else computes."""

    glimpse: Glimpse
    busy: Stack


def _look_at(heart: Heartbeat, asked: float, now: float, late: float) -> _Look | None:
    if max(late, now - heart.due) <= LATE or heart.loop.is_closed():
        return None
    for _ in range(TRIES):
        frames = _frames()
        innermost = frames.get(heart.thread)
        frame = heart.witness.beneath(innermost)
        glimpse = glimpse_of(frame, heart.base, heart.loop)
        busy_thread = heart.others.busiest(heart.thread, threading.get_ident())
        busy = () if busy_thread is None else stack_of(frames.get(busy_thread))
        again = _frames().get(heart.thread)
        if again is innermost and (frame is None or (frame.f_lasti, frame.f_lineno) == _position(glimpse.stack)):
            break
    else:  # it ran on meanwhile: the stack and the owner may not belong together
        glimpse = Glimpse(glimpse.stack, NOBODY, None)
    if late > LATE and (seen := heart.witness.seen_since(max(asked, heart.was_due))) is not None:
        glimpse = seen  # the loop may have gone on before this thread was given the GIL
    heart.others.note()
    return _Look(glimpse, busy)


def _frames() -> dict[int, FrameType]:
    """Return what each other thread runs.

    With this thread's own, which refers to what is returned here, they would hold each other, and the variables of all
    threads, until some garbage collection.
    """
    frames = sys._current_frames()
    frames.pop(threading.get_ident(), None)
    return frames


def _position(stack: Stack) -> tuple[int, int]:
    return (stack[0].instruction, stack[0].place.line) if stack else (-1, -1)


def _sample(heart: Heartbeat, at: float, look: _Look, missed: Pause | None) -> Sample:
    if missed is not None and missed.wanted and look.busy:
        missed = replace(missed, holder=look.busy)
    seen = look.glimpse
    return Sample(at, seen.stack, seen.owner, heart.clock.read(), seen.callback, missed, look.busy)


class _Pulse:
    """What is known of one loop."""

    def __init__(self, heart: Heartbeat) -> None:
        self.heart = heart
        self.episode: Episode | None = None
        self.count = heart.count


def _wanted(planned: float, now: float, rung: Sequence[Heartbeat]) -> float:
    """Return when the watch's thread should have woken up: once a heart was late, or else when it was asked to."""
    return min(planned, now, *((heart.due if now - heart.due > LATE else heart.was_due) + LATE for heart in rung))


def _missed(late: float, before: Reading | None, after: Reading | None) -> Pause | None:
    """Return why the watch's thread came back so late; None if it is hardly late."""
    if late <= LATE:
        return None
    if before is None or after is None:
        return Pause(late, True, 0.0)  # nobody knows; the GIL is what it mostly waits for
    spent = after - before
    # Who waits for the GIL wakes up in every switch interval, to ask for it; who is stopped does not.
    asked = spent.turns * sys.getswitchinterval()
    return Pause(late, spent.turns > TURNS and asked + spent.waited > late * ASKED, spent.waited)
