"""One file per container format; each has a `Reader` that is listed in `READERS`."""
