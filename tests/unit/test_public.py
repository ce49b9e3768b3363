"""What is public is listed, and importing it stays cheap."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from types import FunctionType

import pytest

import loopline
from loopline import cli

MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(loopline.__path__, "loopline.")
    # A name that begins with _ is private; the reference service is public through its routes.
    if "._" not in name and not name.startswith("loopline.demo.")
]


@pytest.mark.parametrize("name", ["loopline", *MODULES])
def test_every_module_lists_what_is_public_and_has_it(name: str) -> None:
    module = importlib.import_module(name)
    listed = set(getattr(module, "__all__", ()))
    assert all(getattr(module, public) is not None for public in listed)
    own = {
        key
        for key, value in vars(module).items()
        if not key.startswith("_") and isinstance(value, type | FunctionType) and value.__module__ == name
    }
    assert own - COMMANDS.get(name, set()) <= listed, "list it in __all__, or begin it with _"


# Commands are public through the program.
COMMANDS = {"loopline.cli": {command.callback.__name__ for command in cli.app.registered_commands if command.callback}}


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
