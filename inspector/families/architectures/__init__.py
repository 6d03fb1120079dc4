"""One kind of model that can be run a file; the first that matches builds it."""

from inspector.families.architecture import Architecture

ARCHITECTURES: tuple[Architecture, ...] = ()
