"""A fault that comes again and again, such as a database that is away, and must not fill the log."""

from __future__ import annotations

__all__ = ["Complaint"]


class Complaint:
    """Counts how often in a row something went wrong.

    Attributes:
        times: How often.
    """

    def __init__(self) -> None:
        self.times = 0

    def again(self) -> bool:
        """Count one more time. Whether it is worth a line in the log: at the 1st, 4th, 16th, … time."""
        self.times += 1
        power = self.times.bit_length() - 1
        return self.times == 1 << power and power % 2 == 0

    def end(self) -> None:
        """Note that it went well: the next time is the first."""
        self.times = 0
