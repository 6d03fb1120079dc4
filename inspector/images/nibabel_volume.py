"""Volumes that nibabel reads (NIfTI, MGZ), slice by slice, never more than the file can hold."""

import gzip
import shutil
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.freesurfer.mghformat import MGHError
from nibabel.spatialimages import HeaderDataError, ImageDataError

from inspector.core.errors import BadImage
from inspector.core.images import ImageCard, Slice, SliceAddress, Values
from inspector.images.image import InputImage
from inspector.images.numbers import as_bytes, as_values, hidden_where_no_number
from inspector.images.reader import Pictures
from inspector.images.refusing import ADVICE, MOST_BYTES, refuse_large, refused_as_damaged
from inspector.images.volume import Affine, Volume, is_usable

_ODD = (ImageFileError, HeaderDataError, ImageDataError, MGHError)
_MOST_PACKED = 1100
"""Deflate packs at most 1032 to 1: a packed file that claims more is damaged."""
_MOST_NOTES = 64 << 20
_MOST_SEARCHED = 256 << 20
"""Bytes of numbers in which one that is finite is looked for before a volume is refused."""
_MM = {"unknown": 1.0, "meter": 1000.0, "mm": 1.0, "micron": 0.001}
_CLASSES = {
    "Nifti1Image": "NIfTI-1",
    "Nifti1Pair": "NIfTI-1",
    "Nifti2Image": "NIfTI-2",
    "Nifti2Pair": "NIfTI-2",
    "MGHImage": "MGZ",
}


def open_volume(path: Path, form: str) -> InputImage:
    """Read the header of a file that is known, or called, as of the format `form`.

    Raises
    ------
    BadImage
        When it is damaged, holds no voxel or no number, or claims more than it can hold.
    """
    with refused_as_damaged(path.name, form, *_ODD):
        image = _load(path, form)
        opened = _Opened(path, image)
        found = _input_image(opened)
        _look_for_a_number(opened, found)
        return found


def count_pictures(path: Path, form: str) -> Pictures:
    """The slices of a volume's first plane, and the points in time; no voxel is read.

    Raises
    ------
    BadImage
        As `open_volume`, as far as the header tells.
    """
    with refused_as_damaged(path.name, form, *_ODD):
        image = _input_image(_Opened(path, _load(path, form)))
        plane = image.card.planes[0]
        # Of a pair the header is what it is called by.
        files = sorted(image.files, key=lambda file: file.suffix.lower() == ".img")
        return Pictures(tuple(files), plane, image.card.slices[plane], image.card.times)


@dataclass
class _Opened:
    """An open file, and its voxels where they are kept because they are packed."""

    path: Path
    image: Any
    kept: Values | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.shape, self.times = _shape(self.image)
        self.is_colour = self.image.get_data_dtype().fields is not None
        self.is_complex = self.image.get_data_dtype().kind == "c"
        self.affine = _millimetres(self.image)
        slope, inter = _scale(self.image)
        self.unit = "stored value" if (slope, inter) == (1.0, 0.0) else "scaled value"
        self.unit = "" if self.is_colour else self.unit

    def take(self, time: int) -> Callable[[int, int], Values]:
        """How a slice at a point in time is taken along a stored axis."""
        further = np.unravel_index(time, self.image.shape[3:]) if self.image.shape[3:] else ()

        def taken(axis: int, index: int) -> Values:
            place: list[Any] = [slice(None)] * min(3, len(self.image.shape))
            if axis < len(place):
                place[axis] = index
            numbers = self._numbers((*place, *(int(step) for step in further)))
            return numbers.reshape([n for a, n in enumerate(self.shape) if a != axis])

        return taken

    def values(self, numbers: Values) -> Values:
        """Of one slice, as a picture has them."""
        if self.is_colour:
            names = (numbers.dtype.names or ())[:3]
            colour = np.stack([numbers[name] for name in names], axis=-1)
            return as_bytes(colour)
        return as_values(np.abs(numbers) if self.is_complex else numbers)

    def _numbers(self, place: tuple[Any, ...]) -> Values:
        data = self.image.dataobj
        if not _is_packed(self.path):
            return np.asarray(data[place])
        if self.kept is None:
            is_small = _stored_bytes(self.image) <= MOST_BYTES
            self.kept = np.asarray(data.get_unscaled()) if is_small else self._on_disk()
        if self.kept is None:
            return np.asarray(data[place])
        stored: Values = np.asarray(self.kept[place])
        slope, inter = _scale(self.image)
        if self.is_colour or (slope, inter) == (1.0, 0.0):
            return stored
        scaled: Values = stored * np.float64(slope) + np.float64(inter)
        return scaled

    def _on_disk(self) -> Values | None:
        """The voxels unpacked into a file without a name; None where there is no room for it.

        Else each slice of a large volume would unpack all that lies before it.
        """
        data = self.image.dataobj
        need = int(data.offset) + _stored_bytes(self.image)
        if shutil.disk_usage(tempfile.gettempdir()).free < 2 * need:
            return None
        source = _data_file(self.path, self.image)
        with tempfile.TemporaryFile() as file, gzip.open(source) as packed:
            while need > 0 and (piece := packed.read(min(need, 1 << 20))):
                need -= file.write(piece)
            return np.memmap(file, data.dtype, "r", int(data.offset), self.image.shape, "F")


def _load(path: Path, form: str) -> Any:
    if path.stat().st_size == 0:
        raise BadImage(f"“{path.name}” is empty.", advice=ADVICE)
    _check_offset(path)
    if form == "MGZ":
        # nibabel leaves a file open whose MGH header it cannot read.
        with gzip.open(path) if _is_packed(path) else path.open("rb") as file:
            header: Any = nibabel.MGHImage.header_class
            header.from_fileobj(file)
    try:
        image: Any = nibabel.load(path)
    except ImageFileError as error:
        raise BadImage(
            f"“{path.name}” is called like {form}, but is not of that format.",
            advice="Give the file the ending of its format, or open another one.",
        ) from error
    if type(image).__name__ not in _CLASSES:
        raise BadImage(
            f"“{path.name}” is a volume of a format that is not read here.",
            advice="Convert it to NIfTI (.nii.gz) and open that.",
        )
    _check_sizes(path, image)
    return image


def _check_offset(path: Path) -> None:
    """Refuse notes of absurd length between header and voxels; nibabel reads them all."""
    with gzip.open(path) if _is_packed(path) else path.open("rb") as file:
        head = file.read(176)
    for order in "<>":
        size = struct.unpack(order + "i", head[:4])[0] if len(head) == 176 else 0
        form, start = {348: ("f", 108), 540: ("q", 168)}.get(size, ("", 0))
        if form and not struct.unpack_from(order + form, head, start)[0] <= _MOST_NOTES:
            raise BadImage(
                f"“{path.name}” is damaged: its voxels would start beyond {_MOST_NOTES:,} bytes.",
                advice=ADVICE,
            )


def _check_sizes(path: Path, image: Any) -> None:
    if not image.shape or 0 in image.shape or min(image.shape) < 0:
        raise BadImage(
            f"“{path.name}” holds no picture: its shape is {image.shape}.",
            advice="Look at what wrote the file.",
        )
    held = _data_file(path, image).stat().st_size * (_MOST_PACKED if _is_packed(path) else 1)
    claimed = _stored_bytes(image)
    if claimed > held:
        shape = " × ".join(f"{side:,}" for side in image.shape)
        raise BadImage(
            f"“{path.name}” says that it holds {shape} voxels, which do not fit into its "
            f"{path.stat().st_size:,} bytes: it is damaged or cut short.",
            advice=ADVICE,
        )
    first, second, third = (*image.shape, 1, 1)[:3]
    for rows, columns in ((first, second), (first, third), (second, third)):
        refuse_large(path.name, (rows, columns), image.get_data_dtype().itemsize)


def _input_image(opened: _Opened) -> InputImage:
    image, path = opened.image, opened.path
    form = _CLASSES[type(image).__name__]
    source, known = _source_of_orientation(image)
    sizes = np.sqrt((opened.affine[:3, :3] ** 2).sum(axis=0))
    volume = Volume(
        shape=opened.shape,
        affine=opened.affine if is_usable(opened.affine) else np.diag([-1.0, 1.0, 1.0, 1.0]),
        spacing_source=source,
        has_orientation=known and is_usable(opened.affine),
        has_spacing=bool(np.isfinite(sizes).all() and sizes.all()),
    )
    planes = volume.slices

    def read(at: SliceAddress) -> Slice:
        with refused_as_damaged(path.name, form, *_ODD):
            values = opened.values(volume.cut(at.plane, at.index, opened.take(at.time)))
            return Slice(
                values=values,
                unit=opened.unit,
                hidden=None if opened.is_colour else hidden_where_no_number(values),
                spacing=volume.spacing(at.plane),
                edges=volume.edges(at.plane),
                place=volume.place(at.plane, at.index),
            )

    def close() -> None:
        opened.kept = None

    card = ImageCard(
        label=path.name,
        path=str(path),
        format=form,
        kind=_kind(opened),
        shape=volume.picture_shape(next(iter(planes))),
        slices=planes,
        times=opened.times,
        notes=(*volume.notes, *_notes(opened)),
    )
    return InputImage(card, _files(path, image), read, close)


def _look_for_a_number(opened: _Opened, found: InputImage) -> None:
    """Read the middle slice, so that a damaged file is refused now; refuse one without a number."""
    middle = found.read(found.middle())
    if opened.is_colour or np.isfinite(middle.values).any():
        return
    most = max(1, _MOST_SEARCHED // (middle.values.nbytes * opened.times))
    plane = found.card.planes[0]
    for index in range(min(found.card.slices[plane], most)):
        for time in range(opened.times):
            if np.isfinite(found.read(SliceAddress(plane, index, time)).values).any():
                return
    if most >= found.card.slices[plane]:
        raise BadImage(
            f"“{opened.path.name}” holds no picture: each of its voxels is NaN or infinite.",
            advice="Look at what wrote the file.",
        )


def _shape(image: Any) -> tuple[tuple[int, int, int], int]:
    first, second, third = (*(int(side) for side in image.shape), 1, 1)[:3]
    times = 1
    for side in image.shape[3:]:
        times *= int(side)
    return (first, second, third), times


def _millimetres(image: Any) -> Affine:
    scale = 1.0
    if hasattr(image.header, "get_xyzt_units"):
        scale = _MM.get(image.header.get_xyzt_units()[0], 1.0)
    return np.diag([scale, scale, scale, 1.0]) @ np.asarray(image.affine, np.float64)


def _source_of_orientation(image: Any) -> tuple[str, bool]:
    """Where the transform comes from, and whether there is any."""
    if hasattr(image.header, "get_best_affine") and not hasattr(image, "get_sform"):
        return ("MGH header", bool(image.header["goodRASFlag"]))
    if int(image.header["sform_code"]) > 0:
        return ("sform", True)
    if int(image.header["qform_code"]) > 0:
        return ("qform and pixdim", True)
    return ("pixdim", False)


def _kind(opened: _Opened) -> str:
    if opened.is_colour:
        return "colour"
    return "complex, magnitude" if opened.is_complex else ""


def _notes(opened: _Opened) -> tuple[str, ...]:
    notes = []
    if opened.is_complex:
        notes.append("Complex numbers: their magnitude is shown.")
    if opened.is_colour and len(opened.image.get_data_dtype().names) > 3:
        notes.append("The fourth channel of the colours is left out.")
    if len(opened.image.shape) > 4:
        further = " × ".join(str(side) for side in opened.image.shape[3:])
        notes.append(f"Its further axes ({further}) are counted on as points in time.")
    apart = _disagreement(opened.image)
    if apart:
        notes.append(
            f"Its two transforms, qform and sform, disagree by up to {apart:.3g} mm: "
            "the sform is used."
        )
    return tuple(notes)


def _disagreement(image: Any) -> float:
    """Farthest distance in mm between the places of a corner; 0 where below half a voxel."""
    if not hasattr(image, "get_sform"):
        return 0.0
    (quick, has_q), (shear, has_s) = (
        form(coded=True) for form in (image.get_qform, image.get_sform)
    )
    if not has_q or not has_s:
        return 0.0
    ends = np.array(_shape(image)[0]) - 1
    corners = np.array([(*(ends * corner), 1) for corner in np.ndindex(2, 2, 2)])
    apart = float(np.sqrt((((quick - shear) @ corners.T) ** 2).sum(axis=0)).max())
    smallest = float(np.sqrt((shear[:3, :3] ** 2).sum(axis=0)).min())
    return apart if np.isfinite(apart) and apart > smallest / 2 else 0.0


def _scale(image: Any) -> tuple[float, float]:
    """Slope and intercept that nibabel applies when it slices."""
    slope, inter = (getattr(image.dataobj, name, None) for name in ("slope", "inter"))
    return (1.0 if slope is None else float(slope), 0.0 if inter is None else float(inter))


def _stored_bytes(image: Any) -> int:
    size = int(image.get_data_dtype().itemsize)
    for side in image.shape:
        size *= int(side)
    return size


def _is_packed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _files(path: Path, image: Any) -> tuple[Path, ...]:
    """All it is read from, the one that was opened first."""
    header = getattr(image.file_map.get("header"), "filename", None)
    further = (Path(header) if header else path, _data_file(path, image))
    return tuple(dict.fromkeys((path, *further)))


def _data_file(path: Path, image: Any) -> Path:
    holder = image.file_map.get("image")
    name = getattr(holder, "filename", None)
    return Path(name) if name else path
