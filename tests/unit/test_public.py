"""What is public is listed, and importing it stays cheap."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from types import ModuleType

import pytest

import loopline

MODULES = [name for _, name, _ in pkgutil.walk_packages(loopline.__path__, "loopline.")]


@pytest.mark.parametrize("name", ["loopline", *MODULES])
def test_every_module_lists_what_is_public_and_has_it(name: str) -> None:
    module = importlib.import_module(name)
    listed = getattr(module, "__all__", [])
    assert sorted(set(listed)) == sorted(listed)
    for public in listed:
        assert getattr(module, public) is not None
    own = {
        key
        for key, value in vars(module).items()
        if not key.startswith("_") and not isinstance(value, ModuleType) and getattr(value, "__module__", "") == name
    }
    if hasattr(module, "__all__"):
        assert own - set(listed) <= {"annotations"} | private_by_place(name), "list it in __all__, or begin it with _"


def private_by_place(name: str) -> set[str]:
    """Routes of the reference service are public through their router."""
    return set(vars(importlib.import_module(name))) if name.startswith("loopline.demo.") else set()


def test_importing_the_library_imports_nothing_heavy() -> None:
    code = """
import sys, loopline
heavy = {"sqlalchemy", "httpx2", "uvicorn", "asyncpg", "stamina", "typer"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Warp'"):
        loopline.Warp  # noqa: B018
