"""The window and its wiring."""
