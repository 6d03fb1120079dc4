"""From results to files: figures, tables, provenance, and a script that repeats them."""
