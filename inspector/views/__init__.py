"""Widgets: each shows values and says what the user did."""
