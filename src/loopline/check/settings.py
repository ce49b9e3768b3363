"""``[tool.loopline.check]`` of the nearest pyproject.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Settings", "SettingsError", "read_settings"]

KEYS = ("exclude", "ignore")


class SettingsError(ValueError):
    """Raised when the settings can't be read; the message says what to write."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a project leaves out: paths (`fnmatch` patterns) and codes (`LL1` means all that begin so)."""

    exclude: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def ignores(self, code: str) -> bool:
        """Tell whether a code is left out."""
        return any(code.startswith(prefix) for prefix in self.ignore)


def read_settings(start: Path) -> Settings:
    """Read the settings of the project that a directory is in.

    Args:
        start: The directory.

    Returns:
        The settings; empty ones if there are none.

    Raises:
        SettingsError: The file has something else there.
    """
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            break
    else:
        return Settings()
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("loopline", {}).get("check", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is no valid TOML: {error}") from error
    for key, value in data.items():
        if key not in KEYS:
            raise SettingsError(f"[tool.loopline.check] has no setting {key!r}: there are {', '.join(KEYS)}")
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise SettingsError(f'[tool.loopline.check] {key} is a list of strings: {key} = ["…"]')
    return Settings(tuple(data.get("exclude", ())), tuple(data.get("ignore", ())))
