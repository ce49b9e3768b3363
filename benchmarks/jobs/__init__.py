"""Loopline's jobs against other durable job queues, in one run: ``make bench-jobs``."""
