"""The forms in which findings are written, a file each."""
