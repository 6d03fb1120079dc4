"""One file per image format; each has a `READER` that is listed in `READERS`."""
