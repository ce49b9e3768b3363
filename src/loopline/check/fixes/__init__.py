"""Fixes: for findings that have one, the edits that mend them. A file each kind."""
