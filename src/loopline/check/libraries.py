"""What libraries do, read from the catalog: a TOML file for each top-level module (docs/check-catalog.md)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Effect", "Libraries", "LibraryClass"]

FOLDER = Path(__file__).parent / "catalog"
Arguments = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """What calling a function, method or class of a library does. The keys of the catalog, read."""

    name: str
    blocks: str = ""
    certain: bool = True
    unless: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
    cost: str = ""
    instead: str = ""
    returns: str = ""
    is_async: bool = False
    runs: Arguments = ()
    drains: Arguments = ()
    threads: Arguments = ()
    background: Arguments = ()
    loop: Arguments = ()
    consumes: Arguments = ()
    refuses: Arguments = ()
    keep: bool = False
    after: tuple[str, ...] = ()
    decorated: str = ""
    entered: Arguments = ()
    works_through: Arguments = ()
    imports: Arguments = ()
    by_input: bool = False


@dataclass(slots=True)
class LibraryClass:
    """What is known of a library's class."""

    name: str
    construct: Effect
    bases: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)
    methods: dict[str, Effect] = field(default_factory=dict)
    enter: str = "self"
    enters: Effect | None = None
    iterates: Effect | None = None
    elements: str = ""
    only_async: bool = False
    awaits: str = ""
    keep: bool = False
    with_opener: bool = False
    leaves: Effect | None = None
    leaves_after: tuple[str, ...] = ()


class Libraries:
    """The catalog; files are read when they are first asked for."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._read: set[str] = set()
        self._functions: dict[str, Effect] = {}
        self._classes: dict[str, LibraryClass] = {}
        self._aliases: dict[str, str] = {}
        self._canonical: dict[str, str] = {}
        self._need("builtins")

    def canonical(self, path: str) -> str:
        """Return the name under which the catalog describes something."""
        known = self._canonical.get(path)
        if known is None:
            self._need(path.split(".", 1)[0])
            known = self._canonical[path] = self._follow(path)
        return known

    def is_known(self, path: str) -> bool:
        """Tell whether there is a file on the library."""
        return self._need(path.split(".", 1)[0])

    def function(self, path: str) -> Effect | None:
        """Return what calling a function does, if the catalog has it."""
        path = self.canonical(path)
        found = self._functions.get(path)
        if found is None and "." in path:
            found = self._functions.get(path.rpartition(".")[0] + ".*")
        return found

    def cls(self, path: str) -> LibraryClass | None:
        """Return what is known of a class."""
        return self._classes.get(self.canonical(path))

    def method(self, path: str, name: str) -> Effect | None:
        """Return what calling a method does; bases are looked at, too."""
        found = self.cls(path)
        if found is None:
            return None
        if name in found.methods:
            return found.methods[name]
        for base in found.bases:
            inherited = self.method(base, name)
            if inherited is not None:
                return inherited
        return found.methods.get("*") if not name.startswith("_") else None

    def attribute(self, path: str, name: str) -> str:
        """Return the type of an attribute, or an empty string."""
        found = self.cls(path)
        if found is None:
            return ""
        known = found.attributes.get(name)
        if known is None:
            known = next((kind for base in found.bases if (kind := self.attribute(base, name))), None)
        return known if known is not None else found.attributes.get("*", "")

    def described(self, tops: Iterable[str]) -> list[str]:
        """Return the dotted names of all functions and classes of some libraries, and of those read before."""
        for top in tops:
            self._need(top)
        return [*self._functions, *self._classes, *self._aliases]

    def inherits(self, path: str, base: str) -> bool:
        """Tell whether a class is, or inherits from, another."""
        path, base = self.canonical(path), self.canonical(base)
        found = self._classes.get(path)
        return path == base or (found is not None and any(self.inherits(one, base) for one in found.bases))

    def _follow(self, path: str) -> str:
        for _ in range(8):
            if path in self._functions or path in self._classes:
                return path
            prefix, rest = path, ""
            while prefix:
                if prefix in self._aliases:
                    path = self._aliases[prefix] + rest
                    break
                prefix, _, last = prefix.rpartition(".")
                rest = f".{last}{rest}"
            else:
                return path
            self._need(path.split(".", 1)[0])
        return path

    def _need(self, top: str) -> bool:
        file = self._folder / f"{top}.toml"
        if top in self._read:
            return f"{top}." in self._read
        self._read.add(top)
        if not top.isidentifier() or not file.exists():
            return False
        self._read.add(f"{top}.")
        with file.open("rb") as stream:
            self._add(tomllib.load(stream))
        return True

    def _add(self, data: dict[str, Any]) -> None:
        library = data.get("library", {})
        self._aliases.update(data.get("aliases", {}))
        for group in data.get("functions", []):
            for name in group["names"]:
                path = f"{group['in']}.{name}"
                self._functions.setdefault(path, _effect(path, group, library))
        for group in data.get("classes", []):
            name = group["name"]
            made = self._classes[name] = LibraryClass(
                name,
                _effect(name, group, library),
                tuple(group.get("bases", ())),
                group.get("attributes", {}),
                enter=group.get("enter", "self"),
                enters=_part(f"with {name}", group, "enters", library),
                iterates=_part(f"for … in {name}", group, "iterates", library),
                elements=group.get("elements", ""),
                only_async=group.get("only") == "async",
                awaits=group.get("awaits", ""),
                keep=group.get("keep", False),
                with_opener=group.get("with_opener", False),
                leaves=_part(f"the end of with {name}", group, "leaves", library),
                leaves_after=tuple(group.get("leaves_after", ())),
            )
            for other in group.get("also", ()):
                self._aliases[other] = name
            for methods in group.get("methods", []):
                for method in methods["names"]:
                    made.methods.setdefault(method, _effect(f"{name}.{method}", methods, library))
            for other in group.get("like", ()):
                self._add({"library": library, "classes": [{**group, "name": other, "also": (), "like": ()}]})


def _part(name: str, group: dict[str, Any], key: str, library: dict[str, Any]) -> Effect | None:
    if not group.get(key):
        return None
    return _effect(name, {**group, "blocks": group[key]}, library)


def _effect(name: str, group: dict[str, Any], library: dict[str, Any]) -> Effect:
    blocks = group.get("blocks", "")
    return Effect(
        name,
        library.get("kind", "network") if blocks is True else blocks or "",
        group.get("certainty", "certain") == "certain",
        tuple(group.get("unless", ())),
        tuple(group.get("when", ())),
        group.get("cost", library.get("cost", "")),
        group.get("instead", library.get("instead", "")),
        group.get("returns", ""),
        group.get("async", False),
        _arguments(group.get("runs")),
        _arguments(group.get("drains")),
        _arguments(group.get("threads")),
        _arguments(group.get("background")),
        _arguments(group.get("loop")),
        _arguments(group.get("consumes")),
        _arguments(group.get("refuses")),
        group.get("keep", False),
        tuple(group.get("after", ())),
        group.get("decorated", ""),
        _arguments(group.get("entered")),
        _arguments(group.get("works_through")),
        _arguments(group.get("imports")),
        library.get("by_input", False),
    )


def _arguments(value: object) -> Arguments:
    if not value:
        return ()
    if value is True:
        return ("*",)
    return tuple(value) if isinstance(value, list) else (str(value),)
