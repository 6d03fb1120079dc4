"""Frames of one or many files: put in order, read one by one, cut across where regular."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from inspector.core.errors import BadImage
from inspector.core.images import (
    ImageCard,
    Plane,
    Slice,
    SliceAddress,
    Spacing,
    Values,
)
from inspector.images.dicom.decoding import PixelLayout, decode, layout_of
from inspector.images.dicom.geometry import Pose, Vector, edges_of, pose_of, spacing_of
from inspector.images.dicom.header import Dataset, Header, group, number, numbers, read_whole, text
from inspector.images.dicom.values import (
    colour_of,
    padding_of,
    presets_of,
    scale_of,
    to_values,
    unit_of,
)
from inspector.images.folders import natural_order
from inspector.images.image import InputImage
from inspector.images.numbers import EIGHT_BITS, hidden_where_no_number
from inspector.images.refusing import MOST_BYTES
from inspector.images.volume import Volume

_SAME_PLACE = 0.01
"""mm below which two positions are one."""
_KINDS = {
    "CR": "X-ray (CR)",
    "DX": "X-ray (DX)",
    "MG": "mammogram",
    "US": "ultrasound",
    "PT": "PET",
    "NM": "nuclear medicine",
    "SM": "microscopy",
    "SEG": "segmentation",
    "RTDOSE": "dose",
    "XA": "angiography",
    "OT": "",
}


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a file, and what orders it."""

    header: Header
    layout: PixelLayout
    number: int
    pose: Pose | None
    spacing: Spacing | None
    order: tuple[float, float]
    segment: int = 0


@dataclass(frozen=True, eq=False)
class Stack:
    """The frames of an image as they were found, under the label it gets."""

    label: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True, eq=False)
class _Order:
    """Frames by point in time and slice; a volume where the slices are regular."""

    frames: tuple[tuple[Frame, ...], ...]
    volume: Volume | None = None
    notes: tuple[str, ...] = ()


def frames_of(header: Header) -> tuple[Frame, ...]:
    """All frames of a file.

    Raises
    ------
    BadImage
        When its layout cannot be.
    """
    layout = layout_of(header)
    dataset = header.dataset
    instance = number(dataset, "InstanceNumber") or 0.0
    return tuple(
        Frame(
            header=header,
            layout=layout,
            number=frame,
            pose=pose_of(dataset, frame),
            spacing=spacing_of(dataset, frame),
            order=(instance, float(frame)),
            segment=_segment(dataset, frame),
        )
        for frame in range(layout.frames)
    )


def image_of(stack: Stack) -> InputImage:
    """Put frames in order and make an image of them."""
    ordered = _in_order(stack.frames)
    reading = _Reading(ordered)
    first = ordered.frames[0][0]
    files = tuple(dict.fromkeys(frame.header.path for frame in stack.frames))
    planes = {Plane.STORED: len(ordered.frames[0])}
    if ordered.volume is not None:
        planes.update({p: n for p, n in ordered.volume.slices.items() if p is not Plane.STORED})
    card = ImageCard(
        label=stack.label,
        path=str(files[0] if len(files) == 1 else files[0].parent),
        format="DICOM",
        kind=_kind(first),
        shape=(first.layout.rows, first.layout.columns),
        slices=planes,
        times=len(ordered.frames),
        notes=(*ordered.notes, *_notes(first)),
    )
    return InputImage(card, files, reading.read, reading.close)


@dataclass
class _Reading:
    """Reads slices; keeps the data set of a file with many frames, and a volume that was cut."""

    ordered: _Order
    dataset: tuple[Path, Dataset] | None = field(default=None, init=False)
    stacks: dict[int, tuple[Values, Values | None, Slice]] = field(default_factory=dict, init=False)

    def read(self, at: SliceAddress) -> Slice:
        frames = self.ordered.frames[at.time]
        if at.plane is Plane.STORED:
            return self._slice(frames[at.index])
        return self._cut(at)

    def close(self) -> None:
        self.dataset = None
        self.stacks.clear()

    def _slice(self, frame: Frame) -> Slice:
        with frame.header.refusing():
            dataset = self._whole(frame)
            stored = decode(frame.header, dataset, frame.layout, frame.number)
            return picture_of(frame, dataset, stored)

    def _whole(self, frame: Frame) -> Dataset:
        path = frame.header.path
        if self.dataset is None or self.dataset[0] != path:
            self.dataset = None
            self.dataset = (path, read_whole(frame.header))
        return self.dataset[1]

    def _cut(self, at: SliceAddress) -> Slice:
        volume = self.ordered.volume
        if volume is None:
            raise BadImage("This image cannot be cut across.")
        values, hidden, middle = self._volume(at.time)

        def taken(array: Values) -> Values:
            # Stored as slice, row, column; the volume's axes are column, row, slice.
            return volume.cut(
                at.plane, at.index, lambda axis, index: _axes_turned(array, axis, index)
            )

        covered = None if hidden is None else taken(hidden)
        return Slice(
            values=taken(values),
            unit=middle.unit,
            hidden=covered if covered is not None and covered.any() else None,
            inverted=middle.inverted,
            presets=middle.presets,
            spacing=volume.spacing(at.plane),
            edges=volume.edges(at.plane),
            place=volume.place(at.plane, at.index),
        )

    def _volume(self, time: int) -> tuple[Values, Values | None, Slice]:
        if time not in self.stacks:
            frames = self.ordered.frames[time]
            pictures = [self._slice(frame) for frame in frames]
            values = np.stack([picture.values for picture in pictures])
            hidden = None
            if any(picture.hidden is not None for picture in pictures):
                hidden = np.zeros(values.shape[:3], bool)
                for place, picture in enumerate(pictures):
                    if picture.hidden is not None:
                        hidden[place] = picture.hidden
            self.stacks.clear()
            self.stacks[time] = (values, hidden, pictures[len(pictures) // 2])
        return self.stacks[time]


def picture_of(frame: Frame, dataset: Dataset, stored: Values) -> Slice:
    """A decoded frame with its right numbers, geometry and windows."""
    layout = frame.layout
    place, edges = _place(frame), edges_of(dataset, frame.number)
    colour = colour_of(stored, dataset, layout)
    if colour is not None:
        return Slice(colour, unit="", spacing=frame.spacing, edges=edges, place=place)
    scale = scale_of(dataset, frame.number)
    values = to_values(stored, dataset, scale)
    hidden, bad = padding_of(stored, dataset, layout), hidden_where_no_number(values)
    if bad is not None:
        hidden = bad if hidden is None else hidden | bad
    return Slice(
        values=values,
        unit=unit_of(dataset, scale),
        hidden=hidden,
        inverted=layout.photometric == "MONOCHROME1",
        presets=presets_of(dataset, frame.number, layout, scale),
        spacing=frame.spacing,
        edges=edges,
        place=place,
    )


def _axes_turned(array: Values, axis: int, index: int) -> Values:
    """The values on the two axes left of (column, row, slice), out of (slice, row, column)."""
    found = np.take(array, index, axis=2 - axis)
    turned: Values = np.swapaxes(found, 0, 1)
    return turned


def _in_order(frames: Sequence[Frame]) -> _Order:
    poses = [frame.pose for frame in frames]
    placed = [pose for pose in poses if pose is not None]
    segments = {frame.segment for frame in frames}
    if len(frames) == 1:
        return _Order((tuple(frames),))
    if len(placed) < len(frames) or len(segments) > 1:
        return _Order((tuple(sorted(frames, key=_by_number)),))
    normal = placed[0].normal
    if any(float(np.abs(pose.normal - normal).max()) > 0.02 for pose in placed):
        return _Order(
            (tuple(sorted(frames, key=_by_number)),),
            notes=("Its slices lie at angles to each other: they are shown as stored.",),
        )
    return _by_position(frames, normal)


def _by_position(frames: Sequence[Frame], normal: Vector) -> _Order:
    heights = {id(frame): _height(frame, normal) for frame in frames}
    ordered = sorted(frames, key=lambda frame: (heights[id(frame)], _by_number(frame)))
    places: list[list[Frame]] = []
    for frame in ordered:
        if places and heights[id(frame)] - heights[id(places[-1][0])] < _SAME_PLACE:
            places[-1].append(frame)
        else:
            places.append([frame])
    counts = {len(place) for place in places}
    if len(counts) > 1:
        note = "Some of its slices lie at the same place: they are shown one after the other."
        return _Order((tuple(ordered),), notes=(note,))
    for place in places:
        place.sort(key=_by_number)
    times = tuple(zip(*places, strict=True))
    volume, notes = _regular(times[0], len(times))
    return _Order(times, volume, notes)


def _regular(frames: tuple[Frame, ...], times: int) -> tuple[Volume | None, tuple[str, ...]]:
    """The volume of slices at equal distances that lie straight above each other."""
    first, spacing, layout = frames[0], frames[0].spacing, frames[0].layout
    if len(frames) < 2 or spacing is None or first.pose is None:
        return None, ()
    corners = np.array([frame.pose.corner for frame in frames if frame.pose is not None])
    steps = np.diff(corners, axis=0)
    step = steps.mean(axis=0)
    heights = steps @ first.pose.normal
    if float(np.ptp(heights)) > max(0.02 * float(heights.mean()), _SAME_PLACE):
        low, high = heights.min(), heights.max()
        return None, (
            f"Its slices lie at unequal distances ({low:.3g} to {high:.3g} mm): they are shown "
            "as stored and not cut across.",
        )
    aside = np.abs(steps - np.outer(heights, first.pose.normal)).max()
    if float(aside) > max(0.02 * float(heights.mean()), _SAME_PLACE):
        return None, (
            "Its slices do not lie straight above each other (a tilted gantry): they are shown "
            "as stored and not cut across.",
        )
    if any(frame.spacing != spacing for frame in frames):
        return None, ("The size of a pixel differs between slices: they are not cut across.",)
    item = layout.samples if layout.samples > 1 else 8
    if layout.rows * layout.columns * len(frames) * item > MOST_BYTES:
        return None, ("The volume is too large to be cut across: it is shown as stored.",)
    affine = np.eye(4)
    affine[:3, 0] = first.pose.right * spacing.columns
    affine[:3, 1] = first.pose.down * spacing.rows
    affine[:3, 2], affine[:3, 3] = step, first.pose.corner
    volume = Volume(
        shape=(layout.columns, layout.rows, len(frames)),
        affine=affine,
        spacing_source=f"{spacing.source} and the slices' positions",
        spacing_where=spacing.where,
    )
    return volume, volume.notes


def _by_number(frame: Frame) -> tuple[object, ...]:
    return (*frame.order, natural_order(frame.header.path))


def _height(frame: Frame, normal: Vector) -> float:
    return 0.0 if frame.pose is None else float(frame.pose.corner @ normal)


def _place(frame: Frame) -> str:
    words = []
    if frame.segment:
        words.append(f"segment {frame.segment}")
    if frame.pose is not None:
        spacing = frame.spacing or Spacing(1.0, 1.0, "")
        centre = frame.pose.centre(frame.layout, spacing)
        body = int(np.argmax(np.abs(frame.pose.normal)))
        words.append(f"{'xyz'[body]} = {round(float(centre[body]), 1) + 0.0:.1f} mm")
    return ", ".join(words)


def _segment(dataset: Dataset, frame: int) -> int:
    found = number(
        group(dataset, frame, "SegmentIdentificationSequence"), "ReferencedSegmentNumber"
    )
    return 0 if found is None else int(found)


def _kind(frame: Frame) -> str:
    modality = text(frame.header.dataset, "Modality")
    kind = _KINDS.get(modality, modality)
    coloured = frame.layout.samples > 1 or frame.layout.photometric == "PALETTE COLOR"
    return ", ".join(word for word in (kind, "colour" if coloured else "") if word)


def _notes(frame: Frame) -> tuple[str, ...]:
    dataset, notes = frame.header.dataset, []
    if frame.layout.samples > 1 and frame.layout.bits_stored > 8:
        notes.append(EIGHT_BITS)
    aspect = numbers(dataset, "PixelAspectRatio")
    if frame.spacing is None and len(aspect) == 2 and aspect[0] != aspect[1]:
        notes.append(
            f"Its pixels are not square ({aspect[0]:g} : {aspect[1]:g}), which is not shown: "
            "their size in mm is not known."
        )
    if text(dataset, "DimensionOrganizationType").startswith("TILED"):
        notes.append("A whole slide in tiles: each tile is shown as a slice.")
    return tuple(notes)
