"""What kind of place code is in: a request, startup, the command line, tests."""

from __future__ import annotations

from loopline.check.model import FunctionInfo, ModuleInfo

__all__ = ["place_of", "place_of_module"]

COMMANDS = {"cli", "commands", "scripts"}  # folders of what people start by hand


def place_of_module(module: ModuleInfo) -> str:
    """Return the kind of place that a module is: ``tests``, ``command line`` or ``other``."""
    if module.is_test:
        return "tests"
    parts = module.shown.split("/")
    is_command = any(part in COMMANDS for part in parts[:-1]) or parts[-1] in ("cli.py", "manage.py")
    return "command line" if is_command or "__main__" in module.source else "other"


def place_of(info: FunctionInfo, kind: str) -> str:
    """Return the kind of place that a function is which such a part of an application runs."""
    place = place_of_module(info.module)
    if place == "tests" or kind == "other":
        return place
    return "startup" if kind in ("lifespan", "startup") else "request"
