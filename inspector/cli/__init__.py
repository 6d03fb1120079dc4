"""The analyses from a terminal, without a screen."""
