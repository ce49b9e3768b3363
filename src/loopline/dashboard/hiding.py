"""What is never shown: secrets among a job's arguments, by the name of the argument or its type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["HIDDEN", "Hiding"]

HIDDEN = "••••••"
# Parts of names, in any case, with or without _ and -.
NAMES = (
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "authorization",
    "credential",
    "cookie",
)
SHORTEST = 4  # characters of a hidden value that is looked for in an error's text
DEEPEST = 50  # levels; what is further down is hidden


class Hiding:
    """Hides secrets.

    Args:
        names: Names of arguments that hold secrets, beside those that say so themselves.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = (*NAMES, *map(_plain, names))

    def arguments(self, arguments: Mapping[str, Any], typed: Iterable[str] = ()) -> dict[str, Any]:
        """Return arguments without their secrets, at any depth.

        Args:
            arguments: The arguments.
            typed: Names of those whose type says that they are secret.
        """
        shown = self._shown(arguments, frozenset(typed), 0)
        return shown if isinstance(shown, dict) else {}

    def text(self, text: str, arguments: Mapping[str, Any], typed: Iterable[str] = ()) -> str:
        """Return a text, such as an error's, without the secrets among the arguments that it may have been made of."""
        for value in sorted(self._secrets(arguments, frozenset(typed), hidden=False), key=len, reverse=True):
            text = text.replace(value, HIDDEN)
        return text

    def _hides(self, name: str, typed: frozenset[str]) -> bool:
        plain = _plain(name)
        return name in typed or any(part in plain for part in self._names)

    def _shown(self, value: Any, typed: frozenset[str], depth: int) -> Any:
        if depth > DEEPEST:
            return HIDDEN
        if isinstance(value, Mapping):
            return {
                name: HIDDEN if self._hides(name, typed) else self._shown(inner, typed, depth + 1)
                for name, inner in value.items()
            }
        if isinstance(value, list):
            return [self._shown(inner, typed, depth + 1) for inner in value]
        return value

    def _secrets(self, value: Any, typed: frozenset[str], *, hidden: bool, depth: int = 0) -> set[str]:
        if depth > DEEPEST:
            return set()
        if isinstance(value, Mapping):
            inner = [
                self._secrets(one, typed, hidden=hidden or self._hides(name, typed), depth=depth + 1)
                for name, one in value.items()
            ]
            return set().union(*inner)
        if isinstance(value, list):
            return set().union(*(self._secrets(one, typed, hidden=hidden, depth=depth + 1) for one in value))
        text = value if isinstance(value, str) else "" if isinstance(value, bool) or value is None else str(value)
        return {text} if hidden and len(text) >= SHORTEST else set()


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
