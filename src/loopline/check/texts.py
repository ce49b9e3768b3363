"""What the sources of a project say before they are parsed: so that only modules which matter are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from loopline.check.model import MOCKS, ModuleInfo

__all__ = [
    "IMPORTED",
    "NAME",
    "Texts",
    "answers",
    "answers_the_same",
    "imports",
    "imports_apart",
    "told_apart",
]

CLASS = re.compile(r"class[ \t]+\w+[ \t]*(?:\[[^\n]*\])?[ \t]*\(")
ASSIGNED = re.compile(r"^[ \t]*([A-Z_]\w*)[ \t]*=[ \t]*(?:\w+\.)*([^\W\d]\w*)\b", re.MULTILINE)
AS = re.compile(r" as (\w+)")
AT = re.compile("@.*")
IMPORTS = r"^[ \t]*(?:import|from)[ \t]+"
IMPORTED = re.compile(IMPORTS + r"(\w+)", re.MULTILINE)
WORD = re.compile(r"\w+")
NAME = re.compile(r"[^\W\d]\w*")
IN_WORDS = frozenset(b"_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") | frozenset(range(128, 256))
SEPARATED = bytes(byte if byte in IN_WORDS else 32 for byte in range(256))
MADE_BASE = "("  # the key of modules with a base class that a call makes


class Texts:
    """Indexes of the sources, made when first asked for. They may name a module too many, never one too few."""

    def __init__(self, modules: Sequence[ModuleInfo]) -> None:
        self._modules = modules
        self._mentioning: dict[str, list[ModuleInfo]] = {}
        self._matching: dict[str, list[ModuleInfo]] = {}
        self._asked_decorators: set[str] = set()
        self._defined: dict[str, list[ModuleInfo]] = {}
        self._asked_made: set[str] = set()
        self._asked_bases: set[str] = set()
        self.words: set[str] = set()  # words that make a module worth looking at

    def mentioning(self, text: str) -> list[ModuleInfo]:
        """Return the modules in whose source a text is."""
        known = self._mentioning.get(text)
        if known is None:
            known = self._mentioning[text] = [one for one in self._modules if text in one.source]
        return known

    def decorating(self, name: str) -> list[ModuleInfo]:
        """Return the modules in which something of that name may be a decorator."""
        self._asked_decorators.add(name)
        return self._decorators.get(name, [])

    def asked(self) -> dict[str, list[str]]:
        """Return all that was asked: a text that answers none of it is the same as no text."""
        return {
            "mentioning": sorted(self._mentioning),
            "matching": sorted(self._matching),
            "decorating": sorted(self._asked_decorators),
            "defining": sorted(self._defined),
            "making": sorted(self._asked_made),
            "deriving": sorted(self._asked_bases),
            "words": sorted(self.words),
        }

    def matching(self, pattern: str, *words: str) -> list[ModuleInfo]:
        """Return the modules in whose source a regular expression is found.

        Args:
            pattern: The expression.
            words: All that it finds has one of these words: only modules that have one are searched.
        """
        known = self._matching.get(pattern)
        if known is None:
            searched: Iterable[ModuleInfo] = self._modules
            if words:
                having = {one for word in words for one in self.naming(word)}
                searched = sorted(having, key=lambda one: one.number)
            if words != (pattern,):  # a pattern that is the word is found in all that have it
                search = re.compile(pattern).search
                searched = [one for one in searched if search(one.source)]
            known = self._matching[pattern] = list(searched)
        return known

    def naming(self, word: str) -> list[ModuleInfo]:
        """Return the modules that have a word."""
        return self._words.get(word.encode(), [])

    def defining(self, names: Iterable[str]) -> tuple[str, list[ModuleInfo]]:
        """Return the one of several names that the fewest modules define as a function, and those that do."""
        found = {name: self._defining(name) for name in names}
        rarest = min(found, key=lambda name: len(found[name]))
        return rarest, found[rarest]

    def _defining(self, name: str) -> list[ModuleInfo]:
        known = self._defined.get(name)
        if known is None:
            known = self._defined[name] = [one for one in self.naming(name) if f"def {name}" in one.source]
        return known

    def making(self, name: str) -> list[ModuleInfo]:
        """Return the modules in which a class of that name may be called."""
        self._asked_made.add(name)
        return [one for one in self.naming(name) if f"{name}(" in one.source]

    def deriving(self, names: Iterable[str]) -> tuple[set[str], list[ModuleInfo]]:
        """Return the modules with classes that may have a base of such a name, and the names that it has elsewhere.

        Args:
            names: The names of the base class.
        """
        waiting, known = list(names), set(names)
        while waiting:
            for other in self._renamed.get(waiting.pop(), ()):
                if other not in known:
                    known.add(other)
                    waiting.append(other)
        self._asked_bases |= known
        found = {id(one): one for name in (*sorted(known), MADE_BASE) for one in self._based.get(name, ())}
        return known, list(found.values())

    @cached_property
    def _words(self) -> dict[bytes, list[ModuleInfo]]:
        index: dict[bytes, list[ModuleInfo]] = {}
        for module in self._modules:
            for word in set(module.source.encode(errors="replace").translate(SEPARATED).split()):
                index.setdefault(word, []).append(module)
        return index

    @cached_property
    def _decorators(self) -> dict[str, list[ModuleInfo]]:
        index: dict[str, list[ModuleInfo]] = {}
        for module in self._modules:
            for word in _decorators(module.source):
                index.setdefault(word, []).append(module)
        return index

    @cached_property
    def _based(self) -> dict[str, list[ModuleInfo]]:
        based: dict[str, list[ModuleInfo]] = {}
        for module in self._modules:
            for word in _bases(module.source):
                based.setdefault(word, []).append(module)
        return based

    @cached_property
    def _renamed(self) -> dict[str, set[str]]:
        renamed: dict[str, set[str]] = {}
        for module in self._modules:
            for old, new in _renamings(module.source):
                renamed.setdefault(old, set()).add(new)
        return renamed


def answers(source: str, asked: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether a text answers any question.

    Args:
        source: The text.
        asked: The questions, as ``Texts.asked`` returns them.
    """
    if any(text in source for text in asked["mentioning"]):
        return True
    if any(re.search(pattern, source) for pattern in asked["matching"]):
        return True
    if not _decorators(source).isdisjoint(asked["decorating"]):
        return True
    if any(f"def {name}" in source for name in asked["defining"]):
        return True
    if any(f"{name}(" in source for name in asked["making"]):
        return True
    bases = {*asked["deriving"], MADE_BASE}
    return not (
        bases.isdisjoint(_bases(source))
        and bases.isdisjoint(old for old, _ in _renamings(source))
        and set(asked["words"]).isdisjoint(NAME.findall(source))
    )


def answers_the_same(one: str, other: str, asked: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether two texts are the same to all questions.

    Args:
        one: A text.
        other: Another.
        asked: The questions, as ``Texts.asked`` returns them.
    """
    return _all_answers(one, asked) == _all_answers(other, asked)


def _all_answers(source: str, asked: Mapping[str, Sequence[str]]) -> tuple[object, ...]:
    bases = {*asked["deriving"], MADE_BASE}
    return (
        [text in source for text in asked["mentioning"]],
        [re.search(pattern, source) is not None for pattern in asked["matching"]],
        _decorators(source).intersection(asked["decorating"]),
        [f"def {name}" in source for name in asked["defining"]],
        [f"{name}(" in source for name in asked["making"]],
        _bases(source) & bases,
        {(old, new) for old, new in _renamings(source) if old in bases},
    )


def imports_apart(one: str, other: str) -> set[str]:
    """Return the packages that only one of two texts imports from.

    Args:
        one: A text.
        other: Another.
    """
    return set(IMPORTED.findall(one)) ^ set(IMPORTED.findall(other))


def imports(package: str, content: bytes) -> bool:
    """Tell whether a file imports from a package, as ``IMPORTED`` finds it.

    Args:
        package: Its name.
        content: What the file contains.
    """
    name = package.encode()
    pattern = IMPORTS.encode() + re.escape(name) + rb"\b"
    return name in content and re.search(pattern, content, re.MULTILINE) is not None


def told_apart(one: str, other: str) -> bool:
    """Tell whether two texts of the same code differ in what is read from the text, comments included.

    Args:
        one: A text.
        other: Another.
    """
    return _read_as_text(one) != _read_as_text(other)


def _read_as_text(source: str) -> tuple[object, ...]:
    words = frozenset(re.findall(r"\w+\.shutdown|with \w+", source)) if "PoolExecutor" in source else ()
    return (words, "__main__" in source, "lifespan_context" in source, bool(MOCKS.search(source)))


def _renamings(source: str) -> Iterator[tuple[str, str]]:
    """Yield the names that get another: `import A as B`, `B = A`."""
    for found in AS.finditer(source):
        before = source[max(found.start() - 80, 0) : found.start()]
        old = NAME.findall(before)[-1:]
        if old and old[0] != found[1]:
            yield old[0], found[1]
    for found in ASSIGNED.finditer(source):
        if found[1] != found[2]:
            yield found[2], found[1]


def _decorators(source: str) -> set[str]:
    """Return the words that follow an `@` on its line."""
    return {word for line in AT.findall(source) for word in WORD.findall(line)}


def _bases(source: str) -> set[str]:
    """Return the words in the brackets of a text's classes."""
    words: set[str] = set()
    for found in CLASS.finditer(source):
        header = _bracket(source, found.end())
        words.update(WORD.findall(header))
        if "(" in header:
            words.add(MADE_BASE)
    return words


def _bracket(source: str, start: int) -> str:
    """Return what is inside a bracket that opened before a place."""
    depth, end = 1, start
    while depth and end < len(source):
        depth += {"(": 1, ")": -1}.get(source[end], 0)
        end += 1
    return source[start : end - 1]
