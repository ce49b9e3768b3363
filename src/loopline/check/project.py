"""The checked project: its files, its modules, and which module an import means."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Container, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path

from loopline.check.indexing import index_module
from loopline.check.model import ModuleInfo
from loopline.check.reading import UNREADABLE, parse, parse_module, read_text
from loopline.check.texts import Texts

__all__ = ["ASYNC", "File", "Project", "Unreadable", "list_files", "load", "load_files", "sure_to_be_asked_for"]

LAZY_FROM = 150  # files: fewer are all parsed at once
ASYNC = re.compile("async|await|Async|Await")
EVERYTHING, NOTHING = re.compile(""), re.compile("(?!)")
SKIPPED = {"node_modules", "__pycache__", "site-packages"}
PROJECT = ("pyproject.toml", "setup.py", "setup.cfg")


@dataclass(frozen=True, slots=True)
class File:
    """A file to read: its path as findings show it, and the directory that it was found under."""

    shown: str
    base: Path


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that can't be read or parsed: its path, where and why, and whether templates look like that."""

    shown: str
    line: int
    reason: str
    is_template: bool


class Project:
    """Modules by name. A module has one name for each directory that may be on the import path."""

    def __init__(self) -> None:
        self.modules: list[ModuleInfo] = []
        self.unparsed: list[ModuleInfo] = []
        self._empty = 0  # modules that turned out to be no Python
        self.unreadable: list[Unreadable] = []
        self._names: dict[str, list[ModuleInfo]] = {}

    def add(self, module: ModuleInfo, names: Sequence[str]) -> None:
        """Add a module under the names by which it may be imported, surest first."""
        module.number = len(self.modules)
        self.modules.append(module)
        for name in names:
            self._names.setdefault(name, []).append(module)

    @property
    def files(self) -> int:
        """How many files were read."""
        return len(self.modules) - self._empty

    def refuse(self, shown: str, error: BaseException, source: str) -> None:
        """Note a file that can't be read or parsed; ``source`` is as much of it as is known."""
        line, text = getattr(error, "lineno", None) or 1, getattr(error, "text", None) or ""
        reason = getattr(error, "msg", None) or str(error) or type(error).__name__
        self.unreadable.append(Unreadable(shown, line, reason, is_template="{{" in text or "{%" in source))

    def parse_later(self, module: ModuleInfo) -> None:
        """Parse a module that was not parsed at once. One that can't be is empty."""
        try:
            parse_module(module)
        except UNREADABLE as error:
            self._empty += 1
            self.refuse(module.shown, error, module.source)
            index_module(module, ast.Module([], []))

    def parse_rest(self, sound: Container[str]) -> None:
        """See whether what was never looked at can be parsed.

        Args:
            sound: The paths of those that are known to be.
        """
        for module in self.unparsed:
            if not module.is_loaded and str(module.path) not in sound:
                try:
                    parse(module.source)
                except UNREADABLE as error:
                    self._empty += 1
                    self.refuse(module.shown, error, module.source)

    @cached_property
    def conftests(self) -> dict[Path, ModuleInfo]:
        """The modules of shared fixtures, by their folder."""
        return {one.path.parent: one for one in self.modules if one.path.name == "conftest.py"}

    @cached_property
    def texts(self) -> Texts:
        """What the sources say before they are parsed. To be asked for when all modules are there."""
        return Texts(self.modules)

    def module(self, name: str, importer: ModuleInfo) -> ModuleInfo | None:
        """Return the module that a name means, or None: a library's.

        Args:
            name: A dotted name, absolute.
            importer: Who imports it: of several with the name, the nearest counts.
        """
        found = self._names.get(name)
        if not found:
            return None
        if "." not in name and name in sys.stdlib_module_names:
            found = [one for one in found if one.name == name and one.path.parent == importer.path.parent]
            if not found or importer.path.name == found[0].path.name:
                return None
        if len(found) == 1:
            return found[0] if found[0] is not importer or "." in name else self._itself(name, importer)
        here = importer.path.parts
        return max(found, key=lambda one: (_shared(one.path.parts, here), -len(one.path.parts)))

    def _itself(self, name: str, importer: ModuleInfo) -> ModuleInfo | None:
        """A file `redis.py` that imports `redis` means the library."""
        return importer if importer.name == name and importer.is_package else None


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def load(paths: Iterable[Path], exclude: Sequence[str] = ()) -> Project:
    """Read and index the Python files under paths.

    Args:
        paths: Files and directories.
        exclude: Patterns of paths to leave out, as `fnmatch` reads them.

    Returns:
        The project. What could not be parsed is in its ``unreadable``.
    """
    return load_files(list_files(paths, exclude), {})


def load_files(files: Mapping[str, File], contents: MutableMapping[str, bytes], *, at_once: bool = True) -> Project:
    """Index files that were listed.

    Args:
        files: The files by path.
        contents: What was read of them already; it is emptied.
        at_once: Parse those that are sure to be asked for.

    Returns:
        The project.
    """
    project = Project()
    packages: dict[Path, bool] = {}
    for path, file in files.items():
        wanted = sure_to_be_asked_for(len(files)) if at_once else NOTHING
        _read(project, Path(path), file, contents.pop(path, None), packages, wanted)
    return project


def sure_to_be_asked_for(count: int) -> re.Pattern[str]:
    """Return what is in the texts of the files that are parsed at once.

    Args:
        count: How many files there are.
    """
    return ASYNC if count >= LAZY_FROM else EVERYTHING


def list_files(paths: Iterable[Path], exclude: Sequence[str] = ()) -> dict[str, File]:
    """Return the Python files under paths.

    Args:
        paths: Files and directories.
        exclude: Patterns of paths to leave out, as `fnmatch` reads them.

    Returns:
        The files by absolute path.
    """
    files: dict[str, File] = {}
    here = os.path.join(Path.cwd(), "")
    for path in paths:
        root = path.resolve()
        base = root if root.is_dir() else root.parent
        for name in [str(root)] if root.is_file() else _files(root):
            shown = name.removeprefix(here)
            if not any(fnmatch(shown, pattern) or fnmatch(shown, f"{pattern.rstrip('/')}/*") for pattern in exclude):
                files.setdefault(name, File(shown, base))
    return files


def _files(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        if "pyvenv.cfg" in names or "conda-meta" in folders or _is_built(folder, folders):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
        for name in sorted(names):
            if name.endswith(".py"):
                yield os.path.join(folder, name)


def _is_built(folder: str, folders: Sequence[str]) -> bool:
    """Whether it is where setuptools builds a distribution, with copies of its files; a package may have that name."""
    above, name = os.path.split(folder)
    if name != "build" or not any(one == "lib" or one.startswith(("lib.", "bdist.")) for one in folders):
        return False
    return any(os.path.exists(os.path.join(above, one)) for one in PROJECT)


def _read(
    project: Project,
    path: Path,
    file: File,
    content: bytes | None,
    packages: dict[Path, bool],
    wanted: re.Pattern[str],
) -> None:
    shown, source = file.shown, ""
    try:
        source = read_text(path, content)
        names = _module_names(path, file.base, packages)
        module = ModuleInfo(names[0], path, shown, source, is_package=path.name == "__init__.py")
        if not wanted.search(source):
            module.load = project.parse_later
            project.unparsed.append(module)
        else:
            module.load = parse_module
            module.bindings  # noqa: B018 - it is sure to be asked for: parse it now
    except UNREADABLE as error:
        project.refuse(shown, error, source)
        return
    project.add(module, names)


def _module_names(file: Path, base: Path, packages: dict[Path, bool]) -> list[str]:
    parts = [] if file.name == "__init__.py" else [file.stem]
    folder = file.parent
    in_package = _is_package(folder, packages)
    while _is_package(folder, packages) and folder != folder.parent:
        parts.insert(0, folder.name)
        folder = folder.parent
    names = [".".join(parts)]
    while folder != base and folder.is_relative_to(base):
        parts.insert(0, folder.name)
        folder = folder.parent
        names.append(".".join(parts))
    if not in_package:
        names.reverse()
    return names


def _is_package(folder: Path, packages: dict[Path, bool]) -> bool:
    known = packages.get(folder)
    if known is None:
        known = packages[folder] = (folder / "__init__.py").exists()
    return known
