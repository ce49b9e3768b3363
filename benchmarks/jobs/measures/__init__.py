"""What is measured, one measure in each file. Each runs in a process of its own, on a database of its own."""
