"""Serve one of the services on a socket that is open already: ``python -m benchmarks.service.serve NAME FD``."""

from __future__ import annotations

import socket
import sys
from importlib import import_module

import uvicorn

__all__ = ["OURS", "SERVICES", "UPSTREAM", "serve"]

OURS = "Loopline"
UPSTREAM = "upstream"
SERVICES = {
    OURS: "loopline.demo.app",
    "by hand": "benchmarks.service.engineer",
    "tutorial": "benchmarks.service.tutorial",
}


def serve(name: str, listener: socket.socket) -> None:
    """Serve until SIGTERM, all with the same options.

    Args:
        name: One of SERVICES, or UPSTREAM.
        listener: A socket that listens.
    """
    if name == OURS:
        _move_upstream_out()
    config = uvicorn.Config(
        import_module(SERVICES.get(name, "benchmarks.service.upstream")).app,
        lifespan="off" if name == UPSTREAM else "on",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=60,  # longer than a run, so that no request meets a connection that is being closed
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _move_upstream_out() -> None:
    from benchmarks.service.upstream import Elsewhere
    from loopline.demo import upstream

    vars(upstream)["Upstream"] = Elsewhere  # before the application is imported; it is not changed otherwise


if __name__ == "__main__":
    serve(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
