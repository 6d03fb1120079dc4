"""Frozen types of the domain; numpy and the standard library only."""
