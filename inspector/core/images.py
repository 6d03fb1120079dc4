"""One picture as a file gives it: right numbers, how they become grey, and how large a pixel is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from inspector.core.errors import BadRequest

Values = npt.NDArray[Any]
Grey = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]
Function = Literal["linear", "linear_exact", "sigmoid"]


class Tone(Protocol):
    """Turns the values of a picture into grey from 0 (black) to 1 (white)."""

    def apply(self, values: Values) -> Grey:
        """Any shape in, the same shape out, float32 in [0, 1]."""
        ...

    @property
    def words(self) -> str:
        """As ``centre 40, width 400``."""
        ...


@dataclass(frozen=True, slots=True)
class Window:
    """A window of values; DICOM PS3.3 C.11.2.1.2 (centre and width) and C.11.2.1.3 (functions).

    Parameters
    ----------
    centre, width
        In the unit of the values (HU for CT); `width` above 0, and at least 1 for ``linear``.
    function
        ``linear`` is DICOM's default, whose lowest and highest values are centre - 0.5 -
        (width - 1)/2 and centre - 0.5 + (width - 1)/2; ``linear_exact`` is centre +- width/2;
        ``sigmoid`` is 1 / (1 + exp(-4 (x - centre)/width)).
    """

    centre: float
    width: float
    function: Function = "linear_exact"

    def __post_init__(self) -> None:
        smallest = 1.0 if self.function == "linear" else 0.0
        good = np.isfinite(self.centre) and np.isfinite(self.width)
        if not good or self.width < smallest or self.width == 0:
            raise BadRequest(
                f"A window of width {self.width:g} around {self.centre:g} shows nothing.",
                advice="Give a finite centre and a width above 0.",
            )

    @property
    def low(self) -> float:
        """The highest value that is black (of a sigmoid: where its slope in the centre ends)."""
        shift, width = self._linear
        return self.centre - shift - width / 2

    @property
    def high(self) -> float:
        """The lowest value that is white."""
        shift, width = self._linear
        return self.centre - shift + width / 2

    @property
    def words(self) -> str:
        """As ``centre 40, width 400``; a sigmoid is called so."""
        kind = ", sigmoid" if self.function == "sigmoid" else ""
        return f"centre {self.centre:g}, width {self.width:g}{kind}"

    def apply(self, values: Values) -> Grey:
        """Any shape in, the same shape out, float32 in [0, 1]."""
        wide = values if values.dtype == np.float64 else values.astype(np.float32, copy=False)
        span = self.high - self.low
        if self.function == "sigmoid":
            steep = np.clip(-4.0 * (wide - self.centre) / self.width, -80.0, 80.0)
            grey = 1.0 / (1.0 + np.exp(steep))
        elif span == 0:
            grey = wide > self.low
        else:
            grey = np.clip((wide - self.low) / span, 0.0, 1.0)
        found: Grey = grey.astype(np.float32, copy=False)
        return found

    @property
    def _linear(self) -> tuple[float, float]:
        return (0.5, self.width - 1) if self.function == "linear" else (0.0, self.width)


@dataclass(frozen=True, slots=True, eq=False)
class ToneTable:
    """A lookup table from whole values to grey (a VOI LUT of DICOM).

    Parameters
    ----------
    first
        The value that the first entry is for; lower ones take the first, higher ones the last.
    table
        (entries,) float32 in [0, 1].
    name
        As the file explains it.
    """

    first: int
    table: Grey
    name: str = ""

    @property
    def words(self) -> str:
        """As ``table of the file: NORMAL``."""
        return f"table of the file: {self.name}" if self.name else "table of the file"

    def apply(self, values: Values) -> Grey:
        """Any shape in, the same shape out, float32 in [0, 1]."""
        place = np.rint(values.astype(np.float64)) - self.first
        place = np.clip(np.nan_to_num(place), 0, self.table.size - 1).astype(np.int64)
        grey: Grey = self.table[place]
        return grey


@dataclass(frozen=True, slots=True)
class Preset:
    """A tone with the name it is offered under."""

    name: str
    tone: Tone


CT_PRESETS: tuple[Preset, ...] = (
    Preset("Soft tissue", Window(40.0, 400.0)),
    Preset("Lung", Window(-600.0, 1500.0)),
    Preset("Bone", Window(480.0, 2500.0)),
    Preset("Brain", Window(40.0, 80.0)),
    Preset("Liver", Window(90.0, 150.0)),
    Preset("Mediastinum", Window(50.0, 350.0)),
)


@dataclass(frozen=True, slots=True)
class Spacing:
    """Distance in mm between the centres of neighbouring rows, and of neighbouring columns.

    `source` names the tag it comes from, as ``PixelSpacing`` or ``ImagerPixelSpacing``;
    `where` says what it measures, as ``in the patient`` or ``at the detector plane``.
    """

    rows: float
    columns: float
    source: str
    where: str = ""

    def __post_init__(self) -> None:
        good = np.isfinite(self.rows) and np.isfinite(self.columns)
        if not good or min(self.rows, self.columns) <= 0:
            raise BadRequest(f"A spacing of {self.rows:g} x {self.columns:g} mm is none.")


@dataclass(frozen=True, slots=True)
class Edges:
    """Letters for the four edges: R, L, A, P, H (head, S in NIfTI's words), F (foot, I).

    The letters of NIfTI are used for both: R, L, A, P, S, I. The nearest axis only.
    """

    top: str
    right: str
    bottom: str
    left: str


class Plane(StrEnum):
    """How a volume is cut; `STORED` for slices in the order and orientation of the file."""

    STORED = "stored"
    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


@dataclass(frozen=True, eq=False)
class Slice:
    """One picture, ready to be shown and read out.

    Parameters
    ----------
    values
        (rows, columns) float32 or float64 in `unit` after rescaling, or (rows, columns, 3) uint8
        in colour.
    unit
        ``HU``, ``Gy``, ``stored value``, ``grey value``...; empty in colour.
    hidden
        (rows, columns) bool: padding and values that are no numbers; drawn black, left out of
        windows. None where there is none.
    inverted
        Whether high values are dark (MONOCHROME1); the values are not touched.
    presets
        Windows and tables of the file, its default first.
    spacing, edges
        None where the file does not tell.
    place
        Where in the volume, as ``z = -120.5 mm``; empty for a single picture.
    """

    values: Values
    unit: str = "grey value"
    hidden: npt.NDArray[np.bool_] | None = None
    inverted: bool = False
    presets: tuple[Preset, ...] = ()
    spacing: Spacing | None = None
    edges: Edges | None = None
    place: str = ""

    def __post_init__(self) -> None:
        if self.values.ndim != (3 if self.is_colour else 2) or 0 in self.values.shape:
            raise BadRequest(f"A picture of shape {self.values.shape} cannot be shown.")
        if self.is_colour and self.values.shape[2] != 3:
            raise BadRequest(f"A colour picture has 3 channels, not {self.values.shape[2]}.")
        if self.hidden is not None and self.hidden.shape != self.shape:
            raise BadRequest("The mask of a picture has another shape than the picture.")
        self.values.setflags(write=False)
        if self.hidden is not None:
            self.hidden.setflags(write=False)

    @property
    def is_colour(self) -> bool:
        """Whether there are three channels."""
        return self.values.ndim == 3

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return (int(self.values.shape[0]), int(self.values.shape[1]))

    @property
    def size_mm(self) -> tuple[float, float]:
        """Height and width in mm; in pixels where no spacing is known."""
        rows, columns = self.shape
        if self.spacing is None:
            return (float(rows), float(columns))
        return (rows * self.spacing.rows, columns * self.spacing.columns)

    def visible(self) -> Values:
        """(n,) the finite values that are not hidden; all where everything is hidden."""
        good = np.isfinite(self.values) if self.values.dtype.kind == "f" else None
        if self.hidden is not None:
            good = ~self.hidden if good is None else good & ~self.hidden
        return self.values.ravel() if good is None or not good.any() else self.values[good]

    def default_tone(self) -> Tone:
        """The file's first preset, else from the 0.5th to the 99.5th percentile of the visible."""
        if self.presets:
            return self.presets[0].tone
        low, high = np.nan_to_num(np.percentile(self.visible(), (0.5, 99.5)))
        if high <= low:
            low, high = low - 0.5, low + 0.5
        return Window(float(low + high) / 2, float(high - low))

    def shown(self, tone: Tone | None = None) -> Picture:
        """(rows, columns, 3) uint8 as it is looked at: windowed, inverted once, hidden black."""
        if self.is_colour:
            colour = self.values.astype(np.uint8, copy=True)
        else:
            grey = (tone or self.default_tone()).apply(self.values)
            grey = 1.0 - grey if self.inverted else grey
            level = np.rint(np.nan_to_num(grey) * 255.0).astype(np.uint8)
            colour = np.repeat(level[..., None], 3, axis=2)
        if self.hidden is not None:
            colour[self.hidden] = 0
        return colour


@dataclass(frozen=True, slots=True)
class ImageCard:
    """What is shown of an open image: in the strip, in a title, in the provenance.

    Nothing in it names or identifies the patient.

    Parameters
    ----------
    label
        Short; unique among the open images once the session knows them.
    path
        The file or folder given.
    format
        ``DICOM``, ``NIfTI-1``, ``MGZ``, ``PNG``...
    kind
        ``CT``, ``MR``, ``chest X-ray``, ``colour``...: what the file says it is; may be empty.
    shape
        Rows and columns of a slice in its first plane.
    slices
        How many slices each plane has.
    times
        Points in time (4D), 1 for most.
    notes
        Sentences: ``oblique by 12 degrees: the nearest axes are shown``.
    """

    label: str
    path: str
    format: str
    kind: str = ""
    shape: tuple[int, int] = (0, 0)
    slices: Mapping[Plane, int] = field(default_factory=dict)
    times: int = 1
    notes: tuple[str, ...] = ()

    @property
    def planes(self) -> tuple[Plane, ...]:
        """The ways it can be cut, the first is the default."""
        return tuple(self.slices)


@dataclass(frozen=True, slots=True)
class SliceAddress:
    """Which picture of an image: plane, slice and point in time, all counted from 0."""

    plane: Plane = Plane.STORED
    index: int = 0
    time: int = 0
