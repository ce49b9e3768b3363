"""Find the programs that tests need: for networks, requests, a pooler, Prometheus. Install them, or fail loudly."""

from __future__ import annotations

import os
import shutil
import sys

from packages import install

__all__ = ["find"]


def find(command: str) -> str | None:
    """Return the path of a command, also of one that is kept for administrators."""
    return shutil.which(command, path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin")


def main() -> int:
    """Make sure that the commands are there. Return the exit code."""
    needed = {"curl": "curl", "pgbouncer": "pgbouncer", "prometheus": "prometheus"}
    if os.geteuid() == 0:  # only root can make the networks for which ip is needed
        needed["ip"] = "iproute2"
    missing = 0
    for command, package in needed.items():
        if not find(command) and not (install(package) and find(command)):
            print(f"The tests need the command {command}: install the package {package}.", file=sys.stderr)
            missing = 1
    return missing


if __name__ == "__main__":
    raise SystemExit(main())
