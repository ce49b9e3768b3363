"""The contenders, one in each file."""
