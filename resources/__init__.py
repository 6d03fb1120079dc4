"""Samples, help pages and icons that come with the program."""
