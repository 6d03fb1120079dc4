"""What a scan is asked to look for, and what it has found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inspector.analysis.measurement import Measurement, Tally
from inspector.core.errors import BadRequest
from inspector.core.optimal import Left
from inspector.core.preparation import Preparation
from inspector.families.model import Model
from inspector.families.network import Network
from inspector.scans.pictures import Objects


@dataclass(frozen=True, eq=False)
class Pass:
    """What is looked for.

    Parameters
    ----------
    model, network
        The open model and how it runs.
    preparation
        How pictures are made into its input.
    measurements
        Of different names.
    objects
        What is on the pictures, where a measurement needs it.
    """

    model: Model
    network: Network
    preparation: Preparation
    measurements: Sequence[Measurement]
    objects: Objects | None = None

    def __post_init__(self) -> None:
        names = [measurement.name for measurement in self.measurements]
        if not names or len(set(names)) < len(names):
            raise BadRequest("A scan measures something, and everything once.")
        if self.objects is None and any(each.needs_objects for each in self.measurements):
            raise BadRequest(
                "What is to be measured needs objects on the images.",
                advice="Give a folder of masks or label maps.",
            )


@dataclass(frozen=True, eq=False)
class Scanned:
    """What a scan has found, or has found so far.

    Parameters
    ----------
    tallies
        By the names of the measurements.
    names
        Of the pictures; tallies count them by their places here.
    total
        How many pictures there are to look at, those that cannot be read included.
    measured
        How many of them each measurement has counted.
    left_out
        Those that it has not, each with the reason, by name.
    kept
        How many pictures were answered from disk.
    files
        Of the pictures that any measurement has counted; none while the scan runs.
    notes
        What else is to be said, in sentences.
    """

    tallies: Mapping[str, Tally]
    names: tuple[str, ...]
    total: int
    measured: Mapping[str, int]
    left_out: Mapping[str, Left]
    kept: int
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
