"""What of the known libraries leads to a coroutine."""

from __future__ import annotations

from collections.abc import Iterable

from loopline.check.libraries import Libraries

__all__ = ["HotLibraries"]


class HotLibraries:
    """Tells which classes and functions of libraries are asynchronous, or give what is.

    Args:
        libraries: What is known of libraries.
    """

    def __init__(self, libraries: Libraries) -> None:
        self._libraries = libraries
        self._known: dict[str, bool] = {}

    def is_hot(self, path: str) -> bool:
        """Tell whether a class has anything that must be awaited.

        Args:
            path: Its dotted name.
        """
        known = self._known.get(path)
        if known is None:
            self._known[path] = False
            described = self._libraries.cls(path)
            known = self._known[path] = described is not None and (
                described.only_async
                or described.keep
                or bool(described.awaits)
                or any(one.is_async or one.keep for one in described.methods.values())
                or any(self.is_hot(base) for base in described.bases)
            )
        return known

    def names(self, packages: Iterable[str]) -> set[str]:
        """Return the names of the classes and functions that are asynchronous.

        Args:
            packages: Those whose classes and functions are meant; what is known already counts, too.
        """
        found = set()
        for path in self._libraries.described(sorted(packages)):
            effect = self._libraries.function(path)
            if (effect is not None and (effect.is_async or effect.keep)) or self.is_hot(path):
                found.add(path.rpartition(".")[2])
        return found
