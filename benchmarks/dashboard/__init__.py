"""What an open dashboard costs the service that it shows: ``python -m benchmarks.dashboard``."""
