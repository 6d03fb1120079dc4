"""One kind of model that can be run: what it is recognised by, and how it is built."""

from collections.abc import Callable
from dataclasses import dataclass

from inspector.families.model import Model
from inspector.families.network import Network


@dataclass(frozen=True, slots=True)
class Architecture:
    """One kind of model that can be run.

    Parameters
    ----------
    name
        As it is shown, as ``timm Swin``.
    matches
        Whether a model is of this kind, told from its outline alone; nothing is read.
    build
        Makes it run on a device, from the file's own tensors; raises `CannotRun` where something
        is in the file that the architecture lacks, or the other way round.
    """

    name: str
    matches: Callable[[Model], bool]
    build: Callable[[Model, str], Network]
