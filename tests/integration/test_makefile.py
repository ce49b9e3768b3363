"""The Makefile on machines that are set up in other ways."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[2] / "Makefile"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the Makefile, and a space in its path."""
    folder = tmp_path / "my loopline"
    folder.mkdir()
    shutil.copy2(MAKEFILE, folder)
    return folder


def make(*arguments: str, cwd: Path, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": path}
    return subprocess.run(["make", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


def test_a_python_in_a_folder_with_a_space_is_found(folder: Path, tmp_path: Path) -> None:
    python = tmp_path / "my env" / "python3"
    python.parent.mkdir()
    python.symlink_to(Path(sys.executable).resolve())
    done = make(".venv/.made", cwd=folder, path=f"{python.parent}:/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    assert (folder / ".venv" / "bin" / "python").exists()


@pytest.mark.parametrize("python", ["old", "missing"])
def test_a_python_that_is_too_old_or_missing_is_refused_before_anything_is_made(folder: Path, python: str) -> None:
    if python == "old":
        (folder / "old").write_text("#!/bin/sh\nexit 1\n")  # as `sys.exit(True)` of one before 3.11
        (folder / "old").chmod(0o755)
    done = make("run", f"PYTHON={folder / python}", cwd=folder)
    assert done.returncode == 2
    assert "needs Python 3.11 or newer" in done.stdout
    assert "PYTHON=" in done.stdout
    assert not (folder / ".venv").exists()
