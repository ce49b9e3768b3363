"""How often a job is tried, and how long it waits in between."""

from __future__ import annotations

import random
from dataclasses import dataclass

from loopline.errors import ConfigurationError

__all__ = ["Retry"]


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a job is tried, and how long it waits in between.

    The wait grows by a factor and is then shortened by up to half at random, so that jobs that failed together do
    not come back together ("equal jitter", https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).

    Args:
        attempts: How often it is tried in all, before it is discarded. Default 10.
        first: Seconds before the second attempt. Default 1.
        factor: What each further wait is multiplied with. Default 3.
        longest: Seconds that no wait exceeds. Default 3600.

    Raises:
        ConfigurationError: If a number can't work.
    """

    attempts: int = 10
    first: float = 1.0
    factor: float = 3.0
    longest: float = 3600.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ConfigurationError(f"Retry(attempts={self.attempts}): write 1 for a job that is tried only once")
        if self.first < 0 or self.longest < 0 or self.factor < 1:
            raise ConfigurationError(
                f"Retry(first={self.first}, factor={self.factor}, longest={self.longest}): "
                "give seconds of 0 or more, and a factor of 1 or more"
            )

    def wait(self, attempt: int) -> float:
        """Return for how many seconds a job waits.

        Args:
            attempt: The attempt that failed, from 1.
        """
        # the exponent is bounded: a float overflows at some 700 attempts
        whole = min(self.longest, self.first * self.factor ** min(attempt - 1, 100))
        return whole * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
