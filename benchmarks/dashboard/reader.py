"""Somebody who looks at the dashboard: ``python -m benchmarks.dashboard.reader PORT TOKEN``, until its stdin ends.

It asks for what the page asks for: the files, the stream of events, and the list of jobs whenever they have changed.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import asdict, dataclass

import httpx2

__all__ = ["Read"]

FILES = ("./", "static/style.css", "static/main.js", "static/icon.svg")
EVERY = 2.0  # seconds between two looks at the list of jobs, as on the page


@dataclass(slots=True)
class Read:
    """What was read.

    Attributes:
        events: How many events came.
        characters: Of their data.
        lists: How often jobs were listed.
    """

    events: int = 0
    characters: int = 0
    lists: int = 0


def read(port: int, token: str, over: threading.Event) -> Read:
    """Look until it is over.

    Args:
        port: Of the service, on loopback.
        token: The dashboard's.
        over: Is set when it is.
    """
    found, listed = Read(), 0.0
    url = f"http://127.0.0.1:{port}"
    with httpx2.Client(base_url=f"{url}/loopline/", timeout=30, trust_env=False) as http:
        http.post("login", json={"token": token}, headers={"Origin": url}).raise_for_status()
        for file in FILES:
            http.get(file).raise_for_status()
        with http.stream("GET", "events") as stream:
            name = ""
            for line in stream.iter_lines():
                if over.is_set():
                    break
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    json.loads(line.removeprefix("data: "))
                    found.events += 1
                    found.characters += len(line)
                    if name == "live" and found.events < 10:
                        print("reading", flush=True)
                    if name == "jobs" and time.monotonic() - listed > EVERY:
                        listed = time.monotonic()
                        http.get("jobs").raise_for_status()
                        found.lists += 1
    return found


def main() -> None:
    """Look, and print what was read."""
    over = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait, daemon=True).start()
    print(json.dumps(asdict(read(int(sys.argv[1]), sys.argv[2], over))))


if __name__ == "__main__":
    main()
