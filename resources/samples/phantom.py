"""Draws the synthetic sample images: a chest radiograph and a small chest CT of one phantom.

``python resources/samples/phantom.py`` writes both beside itself, the same bytes every time on one
machine. Nobody was imaged: organs are ellipsoids and tubes with round numbers, noise is seeded.

Axes of the phantom in mm: x to the patient's right, y to the front, z to the head; the origin is in
the centre of the chest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

Array = npt.NDArray[np.float32]
Point = tuple[float, float, float]

SEED = 7
AIR, LUNG, FAT, TISSUE, BLOOD, LIVER, BONE, MARROW = -1000, -860, -95, 45, 50, 60, 900, 220
WATER_PER_MM = 0.0185  # linear attenuation of water at about 80 keV
HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """Everything inside takes the value `hu`."""

    centre: Point
    radii: Point
    hu: float

    @property
    def reach(self) -> tuple[Point, Point]:
        """Lowest and highest corner of the box around it."""
        low = tuple(c - r for c, r in zip(self.centre, self.radii, strict=True))
        high = tuple(c + r for c, r in zip(self.centre, self.radii, strict=True))
        return (low[0], low[1], low[2]), (high[0], high[1], high[2])

    def holds(self, x: Array, y: Array, z: Array) -> npt.NDArray[np.bool_]:
        """Whether points lie inside."""
        parts = zip((x, y, z), self.centre, self.radii, strict=True)
        distance = sum(((place - centre) / radius) ** 2 for place, centre, radius in parts)
        return np.asarray(distance <= 1.0)


@dataclass(frozen=True, slots=True)
class Tube:
    """A straight piece of a vessel or a rib, round at both ends."""

    start: Point
    end: Point
    radius: float
    hu: float

    @property
    def reach(self) -> tuple[Point, Point]:
        """Lowest and highest corner of the box around it."""
        pairs = list(zip(self.start, self.end, strict=True))
        low = [min(pair) - self.radius for pair in pairs]
        high = [max(pair) + self.radius for pair in pairs]
        return (low[0], low[1], low[2]), (high[0], high[1], high[2])

    def holds(self, x: Array, y: Array, z: Array) -> npt.NDArray[np.bool_]:
        """Whether points are nearer to the axis than the radius."""
        way = np.subtract(self.end, self.start)
        offset = [place - begin for place, begin in zip((x, y, z), self.start, strict=True)]
        along = sum(o * w for o, w in zip(offset, way, strict=True)) / float(way @ way)
        along = np.clip(along, 0.0, 1.0)
        square = sum((o - along * w) ** 2 for o, w in zip(offset, way, strict=True))
        return np.asarray(square <= self.radius**2)


Shape = Ellipsoid | Tube


def thorax(random: np.random.Generator) -> list[Shape]:
    """The chest, outermost first: what comes later lies inside what came before."""
    shapes: list[Shape] = [
        *_walls(),
        Ellipsoid((74, 4, -2), (62, 82, 128), LUNG),
        Ellipsoid((-76, 4, -2), (60, 82, 128), LUNG),
        *_vessels((30, -8, 12), 1, random),
        *_vessels((-32, -8, 16), -1, random),
        Ellipsoid((0, -4, 20), (34, 48, 128), TISSUE),
        Ellipsoid((-22, 26, -38), (58, 46, 56), BLOOD),
        Ellipsoid((26, 22, -30), (34, 38, 48), BLOOD),
        Tube((-12, 10, 26), (-24, -16, 52), 14, BLOOD),
        Tube((-24, -16, 52), (-22, -38, 20), 12, BLOOD),
        Tube((-22, -38, 20), (-14, -40, -150), 11, BLOOD),
        Tube((22, 14, 16), (20, 8, 92), 9, BLOOD),
        Ellipsoid((58, 12, -132), (74, 78, 62), LIVER),
        Ellipsoid((-66, 6, -140), (64, 74, 56), TISSUE),
        Ellipsoid((-58, 26, -118), (22, 22, 14), AIR + 40),
        Tube((0, -16, 150), (0, -16, 42), 8, AIR),
        Tube((0, -16, 44), (28, -16, 18), 6, AIR),
        Tube((0, -16, 44), (-30, -16, 14), 6, AIR),
        Ellipsoid((96, 18, 44), (9, 9, 9), 35),
        *_spine(),
        *_ribs(),
        *_girdle(),
    ]
    return shapes


def paint(shapes: Sequence[Shape], x: Array, y: Array, z: Array) -> Array:
    """(z, y, x) HU at the points of a grid; later shapes lie over earlier ones."""
    volume = np.full((z.size, y.size, x.size), AIR, np.float32)
    for shape in shapes:
        low, high = shape.reach
        cut = [
            slice(*np.searchsorted(axis, (bottom, top), side="left"))
            for axis, bottom, top in zip((x, y, z), low, high, strict=True)
        ]
        inside = shape.holds(x[None, None, cut[0]], y[None, cut[1], None], z[cut[2], None, None])
        volume[cut[2], cut[1], cut[0]][inside] = shape.hu
    return volume


def radiograph(shapes: Sequence[Shape], random: np.random.Generator) -> npt.NDArray[np.uint16]:
    """(rows, columns) 12-bit: parallel rays from back to front, seen from the front, bone bright.

    The patient's right is on the left of the picture, as usual.
    """
    side, step = 448, 0.8
    places = ((np.arange(side) - (side - 1) / 2) * step).astype(np.float32)
    depth = np.arange(-120, 120, 1.6, dtype=np.float32)
    path = np.empty((side, side), np.float32)
    for first in range(0, side, 16):
        rows = places[first : first + 16]
        density = 1.0 + paint(shapes, places, depth, rows) / 1000.0
        path[first : first + 16] = np.maximum(density, 0.0).sum(axis=1) * 1.6 * WATER_PER_MM
    scatter = 0.02 * gaussian_filter(np.exp(-path), 24)
    photons = 6.0e4 * (gaussian_filter(np.exp(-path), 0.6) + scatter)
    counted = np.maximum(random.poisson(photons), 1).astype(np.float64)
    shown = np.log(6.0e4) - np.log(counted)
    shown = shown + 0.7 * (shown - gaussian_filter(shown, 3))
    level = np.clip(np.rint(620.0 * shown), 0, 4095).astype(np.uint16)
    return np.ascontiguousarray(level[::-1, ::-1])


def tomogram(shapes: Sequence[Shape], random: np.random.Generator) -> tuple[Array, Array]:
    """(x, y, z) HU in RAS order with its affine: 3 mm in the plane, 8 mm between slices."""
    x = np.arange(-174, 175, 3.0, dtype=np.float32)
    y = np.arange(-126, 127, 3.0, dtype=np.float32)
    z = np.arange(-104, 105, 8.0, dtype=np.float32)
    fine = paint(shapes, *(_refined(axis) for axis in (x, y)), z)
    coarse = fine.reshape(z.size, y.size, 2, x.size, 2).mean(axis=(2, 4))
    noise = gaussian_filter(random.normal(0.0, 30.0, coarse.shape), (0, 0.7, 0.7))
    volume = np.rint((coarse + noise) / 4.0) * 4.0
    affine = np.diag([-3.0, 3.0, 8.0, 1.0])
    affine[:3, 3] = (174.0, -126.0, -104.0)
    return np.maximum(volume, -1024).transpose(2, 1, 0), affine.astype(np.float32)


def write_radiograph(path: Path, level: npt.NDArray[np.uint16]) -> None:
    """As a digital radiograph of DICOM, without a patient."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

    stored = Dataset()
    stored.SOPClassUID = DigitalXRayImageStorageForPresentation
    stored.SOPInstanceUID = _uid("image")
    stored.StudyInstanceUID = _uid("study")
    stored.SeriesInstanceUID = _uid("series")
    stored.PatientName, stored.PatientID, stored.PatientBirthDate = "", "", ""
    stored.Modality, stored.BodyPartExamined, stored.ViewPosition = "DX", "CHEST", "PA"
    stored.ImageType = ["DERIVED", "SECONDARY"]
    stored.SeriesDescription = "Synthetic chest phantom, nobody was imaged"
    stored.PatientOrientation = ["L", "F"]
    stored.Rows, stored.Columns = level.shape
    stored.SamplesPerPixel, stored.PhotometricInterpretation = 1, "MONOCHROME2"
    stored.BitsAllocated, stored.BitsStored, stored.HighBit = 16, 12, 11
    stored.PixelRepresentation = 0
    stored.PixelSpacing = stored.ImagerPixelSpacing = ["0.8", "0.8"]
    stored.RescaleIntercept, stored.RescaleSlope, stored.RescaleType = "0", "1", "US"
    low, high = np.percentile(level, (2, 99.7))
    stored.WindowCenter = f"{(low + high) / 2:.0f}"
    stored.WindowWidth = f"{high - low:.0f}"
    stored.PixelData = level.astype("<u2").tobytes()
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = stored.SOPClassUID
    meta.MediaStorageSOPInstanceUID = stored.SOPInstanceUID
    stored.file_meta = meta
    stored.save_as(path, enforce_file_format=True)


def write_tomogram(path: Path, volume: Array, affine: Array) -> None:
    """As compressed NIfTI-1, without a time in the gzip header."""
    import gzip

    import nibabel

    image = nibabel.Nifti1Image(volume.astype(np.int16), affine)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = b"synthetic chest phantom, HU"
    path.write_bytes(gzip.compress(image.to_bytes(), 9, mtime=0))


def main() -> None:
    """Write both."""
    random = np.random.default_rng(SEED)
    shapes = thorax(random)
    write_radiograph(HERE / "phantom_radiograph.dcm", radiograph(shapes, random))
    write_tomogram(HERE / "phantom_ct.nii.gz", *tomogram(shapes, random))


def _walls() -> Iterator[Shape]:
    yield Ellipsoid((0, 0, -20), (166, 112, 260), FAT)
    yield Ellipsoid((0, -2, -20), (152, 100, 250), TISSUE)
    yield Ellipsoid((0, 0, -10), (142, 90, 156), FAT)
    for side in (1, -1):
        yield Ellipsoid((side * 140, -6, 130), (44, 50, 46), TISSUE)
        yield Ellipsoid((side * 62, 84, 40), (56, 18, 62), TISSUE)
    yield Ellipsoid((0, -6, 180), (58, 60, 70), TISSUE)


def _vessels(root: Point, side: int, random: np.random.Generator) -> Iterator[Shape]:
    """Branching tubes from the hilum outwards, each thinner than the one it comes from."""
    tips = [(np.asarray(root, float), np.asarray((side * 1.0, 0.0, 0.0)), 4.6)]
    for _ in range(6):
        grown = []
        for start, way, radius in tips:
            for _ in range(2):
                turned = way + random.normal(0.0, 0.62, 3)
                turned /= np.linalg.norm(turned)
                length = random.uniform(14.0, 24.0)
                end = start + length * turned
                if not _in_lung(end, side):
                    continue
                yield Tube(_point(start), _point(end), radius, BLOOD - 20)
                grown.append((end, turned, radius * random.uniform(0.66, 0.8)))
        tips = grown


def _in_lung(place: npt.NDArray[np.float64], side: int) -> bool:
    centre, radii = np.array([side * 75.0, 4.0, -2.0]), np.array([56.0, 76.0, 120.0])
    return bool((((place - centre) / radii) ** 2).sum() < 1)


def _spine() -> Iterator[Shape]:
    for level in range(-9, 9):
        z = 22.0 * level
        yield Ellipsoid((0, -62, z), (18, 16, 10.2), BONE - 350)
        yield Ellipsoid((0, -62, z), (16, 14, 8.4), MARROW)
        yield Tube((0, -80, z), (0, -98, z - 8), 4.5, BONE - 300)
        for side in (1, -1):
            yield Tube((side * 10, -74, z), (side * 34, -82, z + 2), 4.5, BONE - 300)


def _ribs() -> Iterator[Shape]:
    """From the spine around the side to the front, falling; the lower ones end earlier."""
    for level in range(10):
        top = 118.0 - 23.0 * level
        wide = 96.0 + 44.0 * np.sin(np.pi * (level + 2.0) / 12.0)
        last = np.pi * (0.94 if level < 7 else 0.94 - 0.12 * (level - 6))
        turn = np.linspace(0.12, last, 26)
        x, y = wide * np.sin(turn), -6.0 - 82.0 * np.cos(turn)
        z = top + 14.0 - (34.0 + 3.0 * level) * (turn / np.pi) ** 0.8
        for side in (1, -1):
            points = [
                (side * float(a), float(b), float(c)) for a, b, c in zip(x, y, z, strict=True)
            ]
            for start, end in pairwise(points):
                yield Tube(start, end, 5.2, BONE - 250)
                yield Tube(start, end, 3.0, MARROW)


def _girdle() -> Iterator[Shape]:
    """Collar bones, shoulder blades, the heads of the humerus, the breast bone."""
    for side in (1, -1):
        yield Tube((side * 14, 66, 112), (side * 80, 50, 132), 6.5, BONE - 200)
        yield Tube((side * 80, 50, 132), (side * 138, 8, 138), 6.5, BONE - 200)
        yield Tube((side * 118, -78, 116), (side * 98, -84, 10), 4.0, BONE - 300)
        yield Tube((side * 118, -78, 116), (side * 140, -40, 128), 6.0, BONE - 250)
        yield Ellipsoid((side * 150, -10, 128), (22, 22, 22), MARROW + 150)
    yield Ellipsoid((0, 78, 40), (16, 6, 78), MARROW + 120)


def _refined(axis: Array) -> Array:
    """Two points for each, a quarter of a step to either side."""
    quarter = (axis[1] - axis[0]) / 4
    return np.stack([axis - quarter, axis + quarter], axis=1).ravel()


def _point(place: npt.NDArray[np.float64]) -> Point:
    return (float(place[0]), float(place[1]), float(place[2]))


def _uid(name: str) -> str:
    from pydicom.uid import generate_uid

    return generate_uid(entropy_srcs=["ViT Inspector", "phantom", name])


if __name__ == "__main__":
    main()
