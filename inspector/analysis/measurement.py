"""What is measured on every picture of a folder in one pass, and how the pictures are summed up.

A measurement makes a record of a picture: a few arrays that depend on the model, picture and
settings alone, never on the other pictures, so that records can be kept on disk and computed
anywhere. A tally takes records in any order and any grouping and gives the same to the last bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from inspector.core.comparison import IntArray
from inspector.core.objects import ObjectMap
from inspector.core.tokens import Placement
from inspector.families.capture import Capture, Tap
from inspector.families.network import Network

NOT_FINITE = "What flows through the model is not finite on this image."
"""Why a picture does not count on which a measurement finds what is no number."""

Array = npt.NDArray[np.generic]
Record = Mapping[str, Array]
Records = Mapping[str, Array]
"""Several records with a leading axis of pictures."""


@dataclass(frozen=True, slots=True, eq=False)
class SeenPicture:
    """One picture of a pass.

    Parameters
    ----------
    placement
        Of the model's input on the picture.
    objects
        Of the picture, where the measurement needs them.
    """

    placement: Placement
    objects: ObjectMap | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A forward pass over one or more pictures whose inputs have one size.

    `capture` holds at least as many pictures as `pictures`, in the same order; further ones only
    fill the batch and are not measured.
    """

    network: Network
    capture: Capture
    pictures: Sequence[SeenPicture]


class Tally(Protocol):
    """Sums records up; the order and the grouping they come in make no difference."""

    def add(self, pictures: IntArray, records: Records) -> None:
        """Count records; `pictures` (n,) are the places of theirs in the folder's order of names.

        No picture is counted twice.
        """
        ...

    def state(self) -> Mapping[str, Array]:
        """All of it as arrays, for another process."""
        ...

    def merge(self, state: Mapping[str, Array]) -> None:
        """Count all that another tally of the same measurement has counted."""
        ...


class Measurement(Protocol):
    """What is measured; `name` is that of its files, ``optimal``."""

    @property
    def name(self) -> str:
        """One word."""
        ...

    @property
    def taps(self) -> tuple[Tap, ...]:
        """What has to be captured."""
        ...

    @property
    def needs_objects(self) -> bool:
        """Whether it wants the objects of a picture."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """Plain JSON values: all that a record depends on besides checkpoint, picture, objects."""
        ...

    def measure(self, seen: Seen) -> Sequence["Record | str"]:
        """A record of each picture, or the sentence that says why it does not count.

        Called from several threads at once, inside ``torch.inference_mode``. Records of one
        measurement have the same names, types and shapes for every picture.
        """
        ...

    def tally(self) -> Tally:
        """An empty one."""
        ...
