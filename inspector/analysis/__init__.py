"""The analyses: pure functions, one method a file, each returning a frozen result."""
