"""A port for a server that is started later."""

from __future__ import annotations

import random
import socket

__all__ = ["free_port"]

# Below what systems give to clients: a port from there may be some connection's before the server has begun.
FIRST, LAST = 20_000, 32_000
TRIES = 100


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    for _ in range(TRIES):
        port = random.randint(FIRST, LAST)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise OSError(f"none of {TRIES} ports is free")
