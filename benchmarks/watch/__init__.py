"""Who finds what blocks the loop, what it costs, and whom it blames: ``make bench-watch``."""
