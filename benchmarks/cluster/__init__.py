"""RayLane against Ray by hand, Dask and ProcessLane, by the size of a task."""
