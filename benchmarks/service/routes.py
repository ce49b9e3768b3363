"""The routes under load, and what is asked of them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BATCH", "HEAVY", "LIGHT", "PROCESS", "ROUTES", "SYNC", "Route"]

BATCH_SIZE = 8  # calls to the other service for one request


@dataclass(frozen=True, slots=True)
class Route:
    """One route.

    Attributes:
        name: As it is shown.
        targets: Its URLs, taken in turn.
        method: GET or POST.
    """

    name: str
    targets: tuple[str, ...]
    method: str = "GET"

    def request(self, number: int) -> bytes:
        """Return the request with this number, as it goes over the wire."""
        target = self.targets[number % len(self.targets)]
        length = "" if self.method == "GET" else "Content-Length: 0\r\n"
        return f"{self.method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{length}\r\n".encode()


def _ids() -> str:
    return "&".join(f"user_ids={number % 5 + 1}" for number in range(BATCH_SIZE))


LIGHT = (
    Route("/users/{id}", tuple(f"/users/{number}" for number in range(1, 6))),
    Route("/items", ("/items",)),
    Route("/correct", ("/correct",)),
)
PROCESS = Route("/process", ("/process?data=hello",), "POST")
SYNC = Route("/sync-operation", ("/sync-operation",))
# The other service takes half a second: what is scarce is its answers and connections, not this machine's CPU.
BATCH = Route("/users/batch", (f"/users/batch?{_ids()}&mode=slow",))
HEAVY = (PROCESS, SYNC, BATCH)
ROUTES = {route.name: route for route in (*LIGHT, *HEAVY)}
