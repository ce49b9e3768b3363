"""Install a package of Debian or Ubuntu, where the system is one and we are root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

__all__ = ["install"]


def install(package: str) -> bool:
    """Install a package; whether that was possible."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    print(f"· installing the package {package}", flush=True)
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-yq", "--no-install-recommends", package]):
        done = subprocess.run(
            command, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode:
            print(f"{' '.join(command)} failed with exit code {done.returncode}", file=sys.stderr)
            return False
    return True
