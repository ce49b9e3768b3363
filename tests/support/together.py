"""Which tests run in the same process, where there are several: those that share what takes long to start."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

__all__ = ["Together"]

# What a test's id holds: what it shares.
SHARED = {
    "tests/browser/": "the reference service and Chromium",
    "test_demo_schema.py": "the reference service and Chromium",
    "test_demo_routes.py::": "a fresh copy of the project",
    "test_readme.py::": "a fresh copy of the project",
    "RayLane": "the Ray cluster",
    "test_ray_lane.py": "the Ray cluster",
    "test_ray_docs.py": "the Ray cluster",
    "test_benchmark_services.py": "the services of the benchmark",
    "test_pooler.py": "the pooler",
}


class Together(LoadScopeScheduling):  # type: ignore[misc] # it has no types
    """Gives the next test to whoever is free; those that share something to one, and first of all.

    Marks with ``--dist loadgroup`` say the same, but with pytest 9.2 pytest-xdist 3.8 does not heed them.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((shared for part, shared in SHARED.items() if part in nodeid), nodeid)
