"""RayLane while what it runs on is killed: workers, nodes, the cluster, the bridge, the service itself."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from lane_work import OrderRefused, add, hold, refuse_odd
from ray_cluster import RayCluster
from ray_work import burn, count_in, die_once
from stream_work import die_after
from waiting import until, wait_until

from loopline import LaneTimeout, LaneUnavailable, WorkerLost
from loopline.lanes import _ray_wire
from loopline.lanes.ray import RayLane

# Not watched: it waits for the processes that it starts and kills.
pytestmark = [pytest.mark.anyio, pytest.mark.loopline(off=True)]

# The short form is part of the tests; `make chaos` runs the long one.
LONG = os.environ.get("LOOPLINE_CHAOS") == "long"
ROUNDS = 10 if LONG else 1
rounds = pytest.mark.parametrize("round_", range(ROUNDS))

LAB = '--resources={"lab": 1}'


@pytest.fixture
def doomed(monkeypatch: pytest.MonkeyPatch) -> Iterator[RayCluster]:
    """A cluster that a test may kill: a head, and whatever nodes the test adds."""
    cluster = RayCluster(cpus=1, client=LONG)
    try:
        cluster.start()
        # Seconds until Ray gives its cluster up; else it is a minute.
        monkeypatch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "2")
        monkeypatch.setenv("RAY_CLIENT_RECONNECT_GRACE_PERIOD", "2")
        yield cluster
    finally:
        cluster.stop()


def pid_in(file: Path) -> int:
    return int(file.read_text())


@rounds
async def test_a_worker_that_is_killed_takes_its_own_call_with_it(
    ray_cluster: RayCluster, tmp_path: Path, round_: int
) -> None:
    async with RayLane(ray_cluster.address) as lane:
        burning = asyncio.create_task(lane.run(burn, str(tmp_path)))
        held = asyncio.create_task(lane.run(hold, str(tmp_path), "held"))
        await until((tmp_path / "burns").exists)
        await until((tmp_path / "held.runs").exists)
        os.kill(pid_in(tmp_path / "burns"), signal.SIGKILL)
        with pytest.raises(WorkerLost, match="burn was lost: the worker process that ran it, or its node, died"):
            await burning
        (tmp_path / "held.end").touch()
        assert await held == "held"
        with pytest.raises(WorkerLost):
            async with lane.stream(die_after, 2) as items:
                assert [await anext(items), await anext(items)] == [0, 1]
                await anext(items)
        assert await lane.run(add, 1, 1) == 2
        assert (lane.statistics().running, lane.statistics().failed) == (0, 2)


@rounds
async def test_a_call_whose_worker_was_killed_runs_again_where_the_lane_says_so(
    ray_cluster: RayCluster, tmp_path: Path, round_: int
) -> None:
    async with RayLane(ray_cluster.address, retry=1) as lane:
        assert await lane.run(die_once, str(tmp_path)) > 0
        assert (tmp_path / "died").exists()


@rounds
@pytest.mark.parametrize("retry", [0, 1] if LONG else [1])
async def test_a_node_that_is_killed_takes_its_calls_with_it_unless_they_run_again(
    doomed: RayCluster, tmp_path: Path, retry: int, round_: int
) -> None:
    node = doomed.add_node(LAB)
    async with RayLane(doomed.address, resources={"lab": 0.5}, num_cpus=0, retry=retry) as lane:
        call = asyncio.create_task(lane.run(hold, str(tmp_path), "held"))
        await until((tmp_path / "held.runs").exists)
        (tmp_path / "held.runs").unlink()
        doomed.kill_node(node)
        if not retry:
            with pytest.raises(WorkerLost, match="node it was running on is dead"):
                await asyncio.wait_for(call, 60)
            return
        doomed.add_node(LAB)
        await until((tmp_path / "held.runs").exists)
        (tmp_path / "held.end").touch()
        assert await call == "held"


@rounds
@pytest.mark.parametrize("client", [False, True] if LONG else [False])
async def test_a_cluster_that_is_lost_is_told_of_and_found_again_without_a_restart(
    doomed: RayCluster, tmp_path: Path, client: bool, round_: int
) -> None:
    address = f"ray://127.0.0.1:{doomed.client_port}" if client else doomed.address
    async with RayLane(address) as lane:
        call = asyncio.create_task(lane.run(hold, str(tmp_path), "held"))
        await until((tmp_path / "held.runs").exists)
        for node in list(doomed.nodes):
            doomed.kill_node(node)
        with pytest.raises((LaneTimeout, LaneUnavailable)):
            await lane.run(add, 1, 1, timeout=0.5)
        with pytest.raises(
            WorkerLost,
            match=r"node it was running on is dead|connection to the Ray cluster was lost|Failed to reconnect",
        ):
            await asyncio.wait_for(call, 60)
        await until(lambda: lane.pid is None)
        with pytest.raises(LaneUnavailable, match=f"at {address}.*refused"):
            await lane.run(add, 1, 1, timeout=60)
        assert lane.statistics().running == 0
        doomed.start()
        await until(lambda: lane.pid is not None)
        assert await lane.run(add, 1, 1) == 2


async def test_a_cluster_that_can_not_be_reached_at_the_start_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(LaneUnavailable, match=f"at {address}: no connection within 3 s"):
            await RayLane(address, connect_timeout=3).__aenter__()  # it listens, and never answers
    with pytest.raises(LaneUnavailable, match=f"at {address}: ConnectionRefusedError"):
        await RayLane(address).__aenter__()


@rounds
async def test_a_bridge_that_is_killed_takes_the_calls_in_flight_with_it_and_is_replaced(
    ray_cluster: RayCluster, tmp_path: Path, round_: int
) -> None:
    async with RayLane(ray_cluster.address) as lane:
        burning = asyncio.create_task(lane.run(burn, str(tmp_path)))
        await until((tmp_path / "burns").exists)
        assert lane.pid is not None
        os.kill(lane.pid, signal.SIGKILL)
        with pytest.raises(WorkerLost, match=r"connection to the Ray cluster was lost .*code -9"):
            await burning
        await until(lambda: not psutil.pid_exists(pid_in(tmp_path / "burns")))
        assert await lane.run(add, 1, 1) == 2


async def test_a_lane_that_closes_ends_what_still_runs_after_its_close_timeout(
    ray_cluster: RayCluster, tmp_path: Path
) -> None:
    async with RayLane(ray_cluster.address, close_timeout=0.2) as lane:
        burning = asyncio.create_task(lane.run(burn, str(tmp_path)))
        await until((tmp_path / "burns").exists)
    with pytest.raises(WorkerLost, match="the lane closed before the call had ended"):
        await burning
    await until(lambda: not psutil.pid_exists(pid_in(tmp_path / "burns")))
    assert lane.statistics().running == 0


@rounds
async def test_a_call_that_is_given_up_frees_its_processor(
    ray_cluster: RayCluster, tmp_path: Path, round_: int
) -> None:
    async with RayLane(ray_cluster.address) as lane:
        burning = asyncio.create_task(lane.run(burn, str(tmp_path), "cancelled"))
        await until((tmp_path / "cancelled").exists)
        burning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await burning
        await until(lambda: not psutil.pid_exists(pid_in(tmp_path / "cancelled")))


@rounds
async def test_calls_that_are_given_up_where_they_end_take_no_other_with_them(
    ray_cluster: RayCluster, round_: int
) -> None:
    async with RayLane(ray_cluster.address, max_in_flight=4) as lane:
        for _ in range(50):
            with pytest.raises(OrderRefused):
                await lane.map(refuse_odd, range(8))
            assert await lane.run(add, 1, 1) == 2


@rounds
def test_what_a_killed_service_left_running_ends(ray_cluster: RayCluster, tmp_path: Path, round_: int) -> None:
    program = (
        "import asyncio, sys\n"
        "from loopline import RayLane\n"
        "from ray_work import burn\n"
        "async def main():\n"
        f"    async with RayLane({ray_cluster.address!r}) as lane:\n"
        f"        await lane.run(burn, {str(tmp_path)!r})\n"
        "asyncio.run(main())\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    service = subprocess.Popen([sys.executable, "-c", program], env=environment)
    try:
        wait_until((tmp_path / "burns").exists)
        bridges = psutil.Process(service.pid).children()
        assert bridges
    finally:
        service.kill()
        service.wait()
    wait_until(lambda: not any(bridge.is_running() for bridge in bridges))
    wait_until(lambda: not psutil.pid_exists(pid_in(tmp_path / "burns")))


async def test_what_a_mapped_function_holds_is_sent_once(
    ray_cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    in_memory = _ray_wire.in_memory

    def noted(body: bytes, owned: int, buffers: list[memoryview]) -> tuple[int, int, int, int]:
        sent.append(len(body) + sum(buffer.nbytes for buffer in buffers))
        return in_memory(body, owned, buffers)

    monkeypatch.setattr(_ray_wire, "in_memory", noted)
    async with RayLane(ray_cluster.address) as lane:
        held = b"x" * 10_000_000
        assert await lane.map(functools.partial(count_in, held), range(30), limit=4) == [
            10_000_000 + number for number in range(30)
        ]
        assert len(sent) == 1
        assert sent[0] > 10_000_000
        assert await lane.run(len, held) == 10_000_000
        assert await lane.run(bytes, 5_000_000) == bytes(5_000_000)
