"""The page on clusters, done as it says: the same application on processes, on a node's connection, over Ray Client."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from hashlib import pbkdf2_hmac
from pathlib import Path

import pytest
from ray_cluster import RayCluster

PAGE = Path(__file__).parents[2] / "docs" / "ray.md"
USE = """
import asyncio
from loopline.testing import client
from shop import app, cpu

async def main():
    async with client(app, timeout=200) as http:
        print(type(cpu).__name__, (await http.post("/hash?password=secret")).json())

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("lanes", "kind"),
    [
        ("", "ProcessLane"),
        ("cpu=ray:{cluster.address}", "RayLane"),
        ("cpu=ray://127.0.0.1:{cluster.client_port}?connect_timeout=120", "RayLane"),
    ],
)
def test_the_pages_application_runs_on_a_cluster_by_configuration_alone(
    ray_cluster: RayCluster, tmp_path: Path, lanes: str, kind: str
) -> None:
    block = re.search(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert block
    (tmp_path / "shop.py").write_text(block[1])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", USE],
        cwd=tmp_path,
        env={**os.environ, "LOOPLINE_LANES": lanes.format(cluster=ray_cluster)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [kind, pbkdf2_hmac("sha256", b"secret", b"salt", 100_000).hex()]


def test_the_reference_service_uses_the_cluster_that_it_is_told_of(ray_cluster: RayCluster, tmp_path: Path) -> None:
    use = """
import asyncio
from loopline.demo.app import app
from loopline.testing import client

async def main():
    async with client(app, timeout=200) as http:
        for lane in ("process", "ray"):
            print((await http.post(f"/process?data=hello&lane={lane}")).json()["result"])

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", use],
        cwd=tmp_path,
        env={**os.environ, "LOOPLINE_DEMO_RAY_ADDRESS": ray_cluster.address},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    here, there = done.stdout.split()
    assert here == there
