"""Architectures that a checkpoint is run as; one file each, all in `ARCHITECTURES`."""
