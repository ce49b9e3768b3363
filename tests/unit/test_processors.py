"""How many workers a lane has that was told no number: as many as there are processors to keep busy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loopline import ProcessLane
from loopline.lanes._processors import usable_processors

BOUND = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
COUNT = "from loopline import ProcessLane; print(ProcessLane().statistics().size)"


def process(folder: Path, cgroup: str, mounts: dict[str, str]) -> Path:
    """Write what Linux tells of a process, for control groups under a folder."""
    (folder / "cgroup").write_text(cgroup)
    lines = [f"30 23 0:26 {root} {folder}/{point} rw - {kind}\n" for point, (root, kind) in _split(mounts)]
    (folder / "mountinfo").write_text("".join(["22 1 8:1 / / rw - ext4 /dev/root rw\n", *lines]))
    return folder


def _split(mounts: dict[str, str]) -> list[tuple[str, tuple[str, str]]]:
    return [(point, (text.split(" ", 1)[0], text.split(" ", 1)[1])) for point, text in mounts.items()]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [("100000 100000", 1), ("50000 100000", 1), ("199000 100000", 1), ("max 100000", BOUND), ("9900000 100000", BOUND)],
)
def test_a_container_s_limit_counts_in_whole_processors(tmp_path: Path, limit: str, expected: int) -> None:
    write(tmp_path / "fs" / "cpu.max", f"{limit}\n")
    assert usable_processors(process(tmp_path, "0::/\n", {"fs": "/ cgroup2 cgroup2 rw"})) == expected


def test_the_tightest_limit_around_it_counts(tmp_path: Path) -> None:
    write(tmp_path / "fs" / "shop.slice" / "cpu.max", "100000 100000\n")
    write(tmp_path / "fs" / "shop.slice" / "web.service" / "cpu.max", "max 100000\n")
    here = process(tmp_path, "0::/shop.slice/web.service\n", {"fs": "/ cgroup2 cgroup2 rw,nsdelegate"})
    assert usable_processors(here) == 1


@pytest.mark.parametrize("root", ["/", "/docker/1234"], ids=["seen from outside", "seen from inside"])
def test_control_groups_of_version_1_count_too(tmp_path: Path, root: str) -> None:
    inside = "docker/1234" if root == "/" else "."
    write(tmp_path / "cpu" / inside / "cpu.cfs_quota_us", "100000\n")
    write(tmp_path / "cpu" / inside / "cpu.cfs_period_us", "100000\n")
    cgroup = "5:memory:/other\n4:cpu,cpuacct:/docker/1234\n0::/\n"
    mounts = {"cpu": f"{root} cgroup cgroup rw,cpu,cpuacct", "memory": "/ cgroup cgroup rw,memory"}
    assert usable_processors(process(tmp_path, cgroup, mounts)) == 1


def test_where_nothing_is_told_there_is_no_limit(tmp_path: Path) -> None:
    assert usable_processors(tmp_path / "missing") == BOUND
    assert usable_processors(process(tmp_path, "unlike anything\n", {})) == BOUND


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to processors")
def test_a_process_that_is_bound_to_one_processor_has_one_worker() -> None:
    one = f"import os; os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}}); {COUNT}"
    assert subprocess.run([sys.executable, "-c", one], capture_output=True, text=True, timeout=60).stdout == "1\n"


def test_a_number_that_is_given_is_taken() -> None:
    assert ProcessLane(7).statistics().size == 7


def test_a_group_that_is_really_limited_has_one_worker(tmp_path: Path) -> None:
    """Linux limits the process, and the process finds that."""
    group = _group(f"loopline-test-{os.getpid()}")
    try:
        enter = f"open({str(group / 'cgroup.procs')!r}, 'w').write(str(os.getpid()))"
        done = subprocess.run(
            [sys.executable, "-c", f"import os; {enter}; {COUNT}"], capture_output=True, text=True, timeout=60
        )
        assert done.stdout == "1\n", done.stderr
    finally:
        group.rmdir()


def _group(name: str) -> Path:
    """Make a control group whose limit is one processor, of whichever version there is."""
    for top, limits in (
        (Path("/sys/fs/cgroup"), {"cpu.max": "100000 100000"}),
        (Path("/sys/fs/cgroup/cpu"), {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "100000"}),
    ):
        group = top / name
        if not (top / "cgroup.procs").exists():
            continue
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            for file, limit in limits.items():
                (group / file).write_text(limit)
        except OSError:
            group.rmdir()
        else:
            return group
    pytest.skip("nobody here may make a control group with a limit: this takes root, and control groups to write to")
