"""Find Chromium for the browser tests; install it where that is possible, and fail loudly where it is not."""

from __future__ import annotations

import os
import shutil
import sys

from packages import install

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Return the path of an installed Chromium or Chrome; ``CHROMIUM`` in the environment names another."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def main() -> int:
    """Make sure that there is a Chromium. Return the exit code."""
    if found := find():
        print(f"· Chromium: {found}")
        return 0
    if install("chromium") and find():
        return 0
    print("The browser tests need Chromium: install it, or set CHROMIUM to its path.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
