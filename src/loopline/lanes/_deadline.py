"""The time that a call may take, from its asking for a place to its end."""

from __future__ import annotations

from loopline.errors import ConfigurationError

__all__ = ["choose_timeout"]


def choose_timeout(given: float | None, default: float | None) -> float | None:
    """Return the call's own timeout, or else the lane's, in seconds; None is no bound.

    Raises:
        ConfigurationError: If it is not positive.
    """
    timeout = default if given is None else given
    if timeout is not None and not timeout > 0:
        raise ConfigurationError(f"timeout must be more than 0 seconds, not {timeout}; leave it out for no bound")
    return timeout
