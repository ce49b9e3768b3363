"""Hosts on a network of their own: namespaces of the kernel, joined by a bridge. Nothing outside can be reached."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from types import TracebackType
from typing import Self

import pytest
from programs import find

__all__ = ["Network", "network"]

_numbers = count(1)


class Network:
    """Any number of hosts while the block lasts. The first one has the bridge."""

    def __enter__(self) -> Self:
        """Make the bridge; where it can't be made, the tests fail and say what is missing."""
        path = find("ip")
        if path is None:
            pytest.fail("tests with several hosts need the command ip: on Debian or Ubuntu, apt-get install iproute2")
        self._ip = path
        self._prefix = f"loopline{os.getpid()}-{next(_numbers)}-"
        self._addresses: dict[str, str] = {}
        self._stack = ExitStack()
        self._add_namespace("bridge")
        self._in("bridge", "link", "add", "bridge", "type", "bridge")
        self._in("bridge", "link", "set", "bridge", "up")
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove it all. Processes that still run in it must be ended first."""
        self._stack.close()

    def add(self, host: str) -> str:
        """Make a host; its address."""
        address = self._addresses[host] = f"10.77.0.{len(self._addresses) + 1}"
        self._add_namespace(host)
        port = self._port(host)
        self._in("bridge", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", self._prefix + host)
        self._in("bridge", "link", "set", port, "master", "bridge", "up")
        self._in(host, "addr", "add", f"{address}/24", "dev", "eth0")
        self._in(host, "link", "set", "eth0", "up")
        self._in(host, "link", "set", "lo", "up")
        return address

    def on(self, host: str, *command: str) -> list[str]:
        """Return the command that runs a command on a host."""
        return [self._ip, "netns", "exec", self._prefix + host, *command]

    def cut(self, host: str) -> None:
        """Take a host from the network: what it sends is lost, and so is what it is sent. Nobody is told."""
        self._in("bridge", "link", "set", self._port(host), "nomaster")

    def mend(self, host: str) -> None:
        """Connect it again."""
        self._in("bridge", "link", "set", self._port(host), "master", "bridge")

    def move(self, address: str, host: str) -> None:
        """Give an address to a host, as a fail-over does, and let all others forget whose it was."""
        self._in(host, "addr", "add", f"{address}/24", "dev", "eth0")
        for other in self._addresses:
            self._in(other, "neigh", "flush", "to", address)

    def _port(self, host: str) -> str:
        return f"to{list(self._addresses).index(host)}"

    def _add_namespace(self, host: str) -> None:
        name = self._prefix + host
        self._run("netns", "add", name)
        self._stack.callback(self._run, "netns", "delete", name)

    def _in(self, host: str, *command: str) -> None:
        self._run("-n", self._prefix + host, *command)

    def _run(self, *command: str) -> None:
        done = subprocess.run([self._ip, *command], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.fail(
                f"ip {' '.join(command)}: {done.stderr.strip()}. Tests with several hosts need the right to make "
                "network namespaces: in a container, the capabilities NET_ADMIN and SYS_ADMIN"
            )


@pytest.fixture
def network() -> Iterator[Network]:
    """A network for one test. Only root can make one."""
    if os.geteuid() != 0:
        pytest.skip("only root can make network namespaces: run `sudo make test` to see this one run")
    with Network() as network:
        yield network
