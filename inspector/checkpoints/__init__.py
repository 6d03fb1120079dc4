"""From a file to a `Checkpoint`: header first, tensors on demand, nothing executed."""
