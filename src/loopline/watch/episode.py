"""What was seen while a loop stood still: the evidence that blame.py judges."""

from __future__ import annotations

from dataclasses import dataclass, field

from loopline.watch.clocks import Reading
from loopline.watch.frames import Stack
from loopline.watch.owner import Owner

__all__ = ["Episode", "Pause", "Sample", "Span"]

MOST = 1000  # samples of an episode


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which the watch itself did not run.

    Attributes:
        seconds: How long.
        wanted: Whether it wanted to, and waited for the GIL.
        starved: How long it could have run, but had no processor.
        holder: What another thread did that computed meanwhile, more than the loop's; empty if none did.
    """

    seconds: float
    wanted: bool
    starved: float
    holder: Stack = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """What the loop's thread was seen to do.

    Attributes:
        at: When, by the monotonic clock.
        stack: Its stack, from the innermost step outwards.
        owner: Whom it worked for.
        reading: Its clocks.
        callback: What stands for the call that it was in, where there was no task.
        pause: Why the watch had not looked before; None if it had.
        busy: What another thread did that has computed more than the loop's since the last look; empty if none.
    """

    at: float
    stack: Stack
    owner: Owner
    reading: Reading | None
    callback: object
    pause: Pause | None
    busy: Stack


@dataclass(slots=True)
class Episode:
    """A stall, as it is being watched.

    Attributes:
        beat: The number of the heartbeat that was the last before it.
        began: When the next beat was due, by the monotonic clock.
        first: The clocks of the loop's thread the last time that all was well.
        last: The clocks after it had ended: how long a thread waited is only known once it runs again.
        samples: What was seen.
        said: Whether it has been reported while it went on.
    """

    beat: int
    began: float
    first: Reading | None
    last: Reading | None = None
    samples: list[Sample] = field(default_factory=list)
    said: bool = False

    def add(self, sample: Sample) -> None:
        """Add what was seen. Of a very long stall, every other sample is let go, again and again."""
        self.samples.append(sample)
        if len(self.samples) > MOST:
            del self.samples[1::2]

    def spans(self, ended: float) -> list[Span]:
        """Return the steps of the loop that it consisted of, as far as they can be told apart.

        Args:
            ended: When it ended, or now.
        """
        spans: list[Span] = []
        for sample in self.samples:
            if spans and spans[-1].is_same(sample):
                spans[-1].samples.append(sample)
                spans[-1].after = sample.reading
                continue
            began, before = self.began, self.first
            if spans:
                spans[-1].ended = began = sample.at
                spans[-1].after = before = sample.reading  # by now it has run again: how long it waited is known
            spans.append(Span(began, ended, before, sample.reading, [sample]))
        spans[-1].after = self.last or spans[-1].after
        return spans


@dataclass(slots=True)
class Span:
    """One step of the loop, in which it worked for the same task all the time.

    Attributes:
        began: When, by the monotonic clock.
        ended: Likewise.
        before: The clocks of its thread by then.
        after: Likewise, at its end.
        samples: What was seen.
    """

    began: float
    ended: float
    before: Reading | None
    after: Reading | None
    samples: list[Sample]

    def is_same(self, sample: Sample) -> bool:
        """Whether a later sample is of the same step."""
        last = self.samples[-1]
        # References to the same task are equal as long as it lives.
        return last.owner.task == sample.owner.task and last.callback is sample.callback

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began
