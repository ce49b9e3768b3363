"""The checked project: its files, its modules, and which module an import means."""

from __future__ import annotations

import ast
import os
import sys
import tokenize
import warnings
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from loopline.check.indexing import index_module
from loopline.check.model import ModuleInfo

__all__ = ["Project", "load"]

SKIPPED = {"node_modules", "__pycache__", "site-packages", "build", "dist", "venv", "env", ".venv"}


class Project:
    """Modules by name. A module has one name for each directory that may be on the import path."""

    def __init__(self) -> None:
        self.modules: list[ModuleInfo] = []
        self.unreadable: list[tuple[str, int, str]] = []
        self._names: dict[str, list[ModuleInfo]] = {}

    def add(self, module: ModuleInfo, names: Sequence[str]) -> None:
        """Add a module under the names by which it may be imported, surest first."""
        self.modules.append(module)
        for name in names:
            self._names.setdefault(name, []).append(module)

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
    project = Project()
    packages: dict[Path, bool] = {}
    seen: set[Path] = set()
    here = Path.cwd()
    for path in paths:
        root = path.resolve()
        base = root if root.is_dir() else root.parent
        for file in [root] if root.is_file() else _files(root):
            if file in seen:
                continue
            seen.add(file)
            shown = _shown(file, here)
            if any(fnmatch(shown, pattern) or fnmatch(shown, f"{pattern.rstrip('/')}/*") for pattern in exclude):
                continue
            _read(project, file, shown, base, packages)
    return project


def _shown(file: Path, here: Path) -> str:
    return str(file.relative_to(here)) if file.is_relative_to(here) else str(file)


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
        if "pyvenv.cfg" in names:
            folders.clear()
            continue
        for name in sorted(names):
            if name.endswith(".py"):
                yield Path(folder, name)


def _read(project: Project, file: Path, shown: str, base: Path, packages: dict[Path, bool]) -> None:
    try:
        with tokenize.open(file) as stream:
            source = stream.read()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        names = _module_names(file, base, packages)
        module = index_module(names[0], file, shown, source, tree, is_package=file.name == "__init__.py")
    except (SyntaxError, ValueError, OSError, RecursionError, MemoryError, LookupError) as error:
        line = getattr(error, "lineno", None) or 1
        project.unreadable.append((shown, line, getattr(error, "msg", None) or str(error) or type(error).__name__))
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
