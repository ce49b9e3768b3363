"""What a task raises to say what becomes of its job."""

from __future__ import annotations

from loopline.errors import ConfigurationError, LooplineError

__all__ = ["Cancel", "Snooze"]


class Snooze(LooplineError):
    """Raise it in a task to run the job again later. The attempt does not count.

    Args:
        seconds: For how long, from now.

    Raises:
        ConfigurationError: If that is not more than 0.
    """

    def __init__(self, seconds: float) -> None:
        if not seconds > 0:
            raise ConfigurationError(f"Snooze({seconds}): give seconds, more than 0")
        self.seconds = seconds
        super().__init__(f"again in {seconds:g} s")

    def __reduce__(self) -> tuple[type[Snooze], tuple[float]]:
        return type(self), (self.seconds,)


class Cancel(LooplineError):
    """Raise it in a task to end the job without another attempt: it can't succeed any more.

    Args:
        reason: Why; it is kept with the job.
    """
