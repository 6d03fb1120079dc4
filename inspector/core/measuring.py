"""What is to be measured with masks, and where images and masks are."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from inspector.core.errors import BadRequest

MaskMeasure = Literal["preference", "same-object"]
MASK_MEASURES: tuple[MaskMeasure, MaskMeasure] = ("preference", "same-object")
MEASURE_WORDS: Mapping[str, str] = {
    "preference": "Attention preference",
    "same-object": "Same-object probability",
}
"""Of each, as a title."""


@dataclass(frozen=True, slots=True)
class MaskFolders:
    """A folder of images, and the folders in which the masks of the same names are.

    Parameters
    ----------
    measure
        What is measured: attention preference, or same-object probability.
    images
        The folder of images.
    targets, distractors, background
        Folders of masks; the background may be all else.
    labels
        The folder of label maps, in place of masks.
    pair
        Which label is the target and which the distractor; None where every label is an object.
    """

    measure: MaskMeasure
    images: Path
    targets: Path | None = None
    distractors: Path | None = None
    background: Path | None = None
    labels: Path | None = None
    pair: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.measure == "same-object":
            if self.labels is None or self.pair is not None:
                raise BadRequest("Same-object probability is measured with label maps, no pair.")
        elif self.labels is not None:
            if self.pair is None or self.pair[0] == self.pair[1] or min(self.pair) < 0:
                raise BadRequest(
                    "Of a label map, two labels of at least 0 that differ are target and "
                    f"distractor, not {self.pair}."
                )
        elif self.targets is None or self.distractors is None:
            raise BadRequest("Attention preference needs masks of targets and of distractors.")

    @property
    def folders(self) -> tuple[Path, ...]:
        """All of them, the images first."""
        masks = (self.targets, self.distractors, self.background, self.labels)
        return (self.images, *(folder for folder in masks if folder is not None))
