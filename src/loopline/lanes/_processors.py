"""How many processors this process may use: those that it is bound to, and what a container's limit leaves of them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

__all__ = ["usable_processors"]


def usable_processors(process: Path = Path("/proc/self")) -> int:
    """Return how many processors this process may keep busy; 1 at least.

    A limit on processor time, such as that of a container, counts in whole processors: what is left of 2.5 is for the
    event loop, which stands still with all the rest once the limit is used up.

    Args:
        process: Where Linux tells of the process.
    """
    if hasattr(os, "process_cpu_count"):  # from Python 3.13 on
        bound = os.process_cpu_count()
    elif hasattr(os, "sched_getaffinity"):
        bound = len(os.sched_getaffinity(0))
    else:
        bound = os.cpu_count()
    try:
        limit = min(_limits(process), default=math.inf)
    except (OSError, ValueError):  # no Linux, or one that tells it in another way
        limit = math.inf
    return max(1, math.floor(min(bound or 1, limit)))


def _limits(process: Path) -> Iterator[float]:
    """Find the limits of the process's control groups and of all around them, in processors.

    Linux, Documentation/admin-guide/cgroup-v2.rst ("cpu.max") and scheduler/sched-bwc.rst (version 1).
    """
    groups = dict[str, str]()  # by controller; that of version 2 has no name
    for line in (process / "cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        groups |= dict.fromkeys(controllers.split(","), path)
    for line in (process / "mountinfo").read_text().splitlines():
        mount, _, kind = line.partition(" - ")
        filesystem, _, options = kind.split(" ", 2)
        controller = {"cgroup2": "", "cgroup": "cpu"}.get(filesystem)
        if controller is None or controller not in groups or (controller and controller not in options.split(",")):
            continue
        root, point = (PurePosixPath(field) for field in mount.split()[3:5])
        group = PurePosixPath(groups[controller])
        # A container may see its own group as the topmost, and be told a path from outside.
        inside = group.relative_to(root) if group.is_relative_to(root) else PurePosixPath()
        for folder in (inside, *inside.parents):
            limit = _limit(Path(point / folder))
            if limit is not None:
                yield limit


def _limit(folder: Path) -> float | None:
    try:
        if (file := folder / "cpu.max").exists():
            quota, period = file.read_text().split()
        else:
            quota, period = ((folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
    except FileNotFoundError:  # the topmost group has none
        return None
    return None if quota == "max" or int(quota) <= 0 else int(quota) / int(period)
