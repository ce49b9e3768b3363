"""ProcessLane against other process pools, in one run: ``make bench-lanes``."""
