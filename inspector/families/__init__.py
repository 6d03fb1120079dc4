"""Which transformer a checkpoint holds, and where its stages, blocks, heads, q, k and v are."""
