"""Where a frame lies in the patient, how large its pixels are, and which letters its edges have."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspector.core.images import Edges, Spacing
from inspector.images.dicom.decoding import PixelLayout
from inspector.images.dicom.header import Dataset, group, number, numbers, text
from inspector.images.volume import LETTERS

Vector = npt.NDArray[np.float64]

PROJECTIONS = frozenset(("CR", "DX", "MG", "IO", "PX", "RG", "RF", "XA", "XC"))
"""Modalities whose pixels are measured at the detector unless they are calibrated."""
_CROSS_SECTIONS = frozenset(("CT", "MR", "PT", "NM", "US", "SEG", "RTDOSE"))
_TO_BODY = np.array([-1.0, -1.0, 1.0])
"""From DICOM's axes (left, back, head) to the body's (right, front, head)."""
_LETTER = {"R": "R", "L": "L", "A": "A", "P": "P", "H": "S", "F": "I"}
_OPPOSITE = {letter: other for a, b in LETTERS for letter, other in ((a, b), (b, a))}
_CENTIMETRES = 3.0


@dataclass(frozen=True, eq=False)
class Pose:
    """A frame in the patient, in the body's axes (right, front, head) and mm.

    Parameters
    ----------
    corner
        (3,) centre of the first pixel.
    right, down
        (3,) unit vectors along which columns and rows grow.
    """

    corner: Vector
    right: Vector
    down: Vector

    @property
    def normal(self) -> Vector:
        """(3,) at right angles to the picture."""
        found: Vector = np.cross(self.right, self.down)
        return found

    def centre(self, layout: PixelLayout, spacing: Spacing) -> Vector:
        """(3,) the middle of the picture."""
        along = self.right * ((layout.columns - 1) / 2 * spacing.columns)
        found: Vector = self.corner + along + self.down * ((layout.rows - 1) / 2 * spacing.rows)
        return found


def pose_of(dataset: Dataset, frame: int) -> Pose | None:
    """From the frame's functional groups, else the image plane; None where it is not told."""
    turn = numbers(
        group(dataset, frame, "PlaneOrientationSequence") or dataset, "ImageOrientationPatient"
    )
    corner = numbers(
        group(dataset, frame, "PlanePositionSequence") or dataset, "ImagePositionPatient"
    )
    if len(turn) != 6 or len(corner) != 3 or not np.isfinite((*turn, *corner)).all():
        return None
    axes = _axes(turn)
    if axes is None:
        return None
    place = np.array(corner) * _TO_BODY
    offsets = numbers(dataset, "GridFrameOffsetVector")
    if frame < len(offsets):
        # Of a dose grid: mm along the normal, from the first frame or from the origin (C.8.8.3.2).
        place = place + np.cross(*axes) * (offsets[frame] - offsets[0])
    return Pose(place, *axes)


def edges_of(dataset: Dataset, frame: int) -> Edges | None:
    """Letters from the orientation of the image plane, else from PatientOrientation."""
    turn = numbers(
        group(dataset, frame, "PlaneOrientationSequence") or dataset, "ImageOrientationPatient"
    )
    axes = _axes(turn) if len(turn) == 6 else None
    if axes is not None:
        right, bottom = (_nearest(axis) for axis in axes)
    else:
        words = dataset.get("PatientOrientation") or ()
        words = [str(word) for word in words] if not isinstance(words, str) else []
        if len(words) != 2 or any(word[:1] not in _LETTER for word in words):
            return None
        right, bottom = (_LETTER[word[0]] for word in words)
    if right == bottom or right == _OPPOSITE[bottom]:
        return None
    return Edges(_OPPOSITE[bottom], right, bottom, _OPPOSITE[right])


def spacing_of(dataset: Dataset, frame: int) -> Spacing | None:
    """Size of a pixel and the tag that tells it (PS3.3 10.7.1.3); None where none does."""
    measured = _pair(group(dataset, frame, "PixelMeasuresSequence"), "PixelSpacing")
    if measured is not None:
        return Spacing(*measured, "PixelSpacing", _where(dataset, measured, None))
    patient, imager = _pair(dataset, "PixelSpacing"), _pair(dataset, "ImagerPixelSpacing")
    if patient is not None:
        return Spacing(*patient, "PixelSpacing", _where(dataset, patient, imager))
    if imager is not None:
        return Spacing(*imager, "ImagerPixelSpacing", "at the detector plane")
    scanned = _pair(dataset, "NominalScannedPixelSpacing")
    if scanned is not None:
        return Spacing(*scanned, "NominalScannedPixelSpacing", "on the scanned film")
    return _of_ultrasound(dataset)


def _axes(turn: tuple[float, ...]) -> tuple[Vector, Vector] | None:
    right, down = (np.array(half) * _TO_BODY for half in (turn[:3], turn[3:]))
    lengths = [float(np.sqrt((axis**2).sum())) for axis in (right, down)]
    if not np.isfinite(lengths).all() or min(lengths) < 1e-3:
        return None
    right, down = right / lengths[0], down / lengths[1]
    return (right, down) if abs(float(right @ down)) < 0.1 else None


def _nearest(axis: Vector) -> str:
    body = int(np.argmax(np.abs(axis)))
    return LETTERS[body][0 if axis[body] > 0 else 1]


def _pair(dataset: Dataset | None, keyword: str) -> tuple[float, float] | None:
    found = numbers(dataset, keyword)
    if len(found) != 2 or not np.isfinite(found).all() or min(found) <= 0:
        return None
    return (found[0], found[1])


def _where(
    dataset: Dataset, patient: tuple[float, float], imager: tuple[float, float] | None
) -> str:
    modality = text(dataset, "Modality")
    if modality == "SM" or "TotalPixelMatrixColumns" in dataset:
        return "on the slide"
    if modality not in PROJECTIONS:
        return "in the patient" if modality in _CROSS_SECTIONS else ""
    calibrated = text(dataset, "PixelSpacingCalibrationType")
    if calibrated or (imager is not None and not np.allclose(patient, imager, rtol=1e-4)):
        return "calibrated to the patient"
    if imager is None:
        return "of a projection: at the detector plane unless it was calibrated"
    return "at the detector plane"


def _of_ultrasound(dataset: Dataset) -> Spacing | None:
    """The size in the regions of an ultrasound picture, where all of them agree (C.8.5.5)."""
    found = set()
    for region in dataset.get("SequenceOfUltrasoundRegions") or ():
        units = (
            number(region, "PhysicalUnitsXDirection"),
            number(region, "PhysicalUnitsYDirection"),
        )
        rows, columns = number(region, "PhysicalDeltaY"), number(region, "PhysicalDeltaX")
        if units == (_CENTIMETRES, _CENTIMETRES) and rows and columns:
            found.add((abs(rows) * 10.0, abs(columns) * 10.0))
    if len(found) != 1:
        return None
    return Spacing(*found.pop(), "PhysicalDeltaX of the ultrasound region", "in the region")
