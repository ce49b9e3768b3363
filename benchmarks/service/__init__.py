"""Three services under one mixed load, in one run: ``make bench-service``."""
