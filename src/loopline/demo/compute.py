"""The CPU work of the reference service. It imports nothing of the application, so a worker process starts quickly."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt

__all__ = ["Progress", "digest", "primes"]

ROUNDS = 50_000
STEPS = 100  # how often the progress of the primes is told


def digest(data: str) -> str:
    """Hash a text over and over: pure CPU work that holds the interpreter, a few hundredths of a second of it."""
    value = data.encode()
    for _ in range(ROUNDS):
        value = hashlib.sha256(value).digest()
    return value.hex()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the search for primes is.

    Attributes:
        checked: Numbers looked at.
        below: How many there are.
        found: Primes among them.
        largest: The largest of those.
    """

    checked: int
    below: int
    found: int
    largest: int


def primes(below: int) -> Iterator[Progress]:
    """Find the primes below a number by trial division: pure CPU work, of a second or two for two million.

    Args:
        below: The number, at least 1.

    Returns:
        How far it is, at most a hundred times, the last time at the end.
    """
    found: list[int] = []
    step = -(-below // STEPS)
    for start in range(0, below, step):
        end = min(start + step, below)
        for number in range(max(start, 2), end):
            root = isqrt(number)
            for prime in found:
                if prime > root:
                    found.append(number)
                    break
                if number % prime == 0:
                    break
            else:
                found.append(number)
        yield Progress(end, below, len(found), found[-1] if found else 0)
