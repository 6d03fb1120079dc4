"""From stored numbers to right ones: rescale, tables, padding, windows, units and colour."""

from dataclasses import dataclass

import numpy as np
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut

from inspector.core.images import Function, Preset, ToneTable, Values, Window
from inspector.images.dicom.decoding import PixelLayout
from inspector.images.dicom.header import Dataset, group, number, numbers, text
from inspector.images.numbers import as_bytes, full_range

_FUNCTIONS: dict[str, Function] = {
    "": "linear",
    "LINEAR": "linear",
    "LINEAR_EXACT": "linear_exact",
    "SIGMOID": "sigmoid",
}
_PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.30"
_PLAIN_UNITS = {"US": "rescaled value", "": "rescaled value", "BQML": "Bq/ml", "CNTS": "counts"}


@dataclass(frozen=True, slots=True)
class Scale:
    """What stored numbers are turned into: ``slope * stored + intercept`` in `unit`."""

    slope: float
    intercept: float
    unit: str

    @property
    def is_plain(self) -> bool:
        """Whether nothing is done."""
        return self.slope == 1.0 and self.intercept == 0.0


def scale_of(dataset: Dataset, frame: int) -> Scale:
    """The transformation of a frame, from wherever this kind of object keeps it.

    Dose grids (PS3.3 C.8.8.3), parametric maps (C.7.6.16.2.11), functional groups of enhanced
    objects (C.7.6.16.2.9), and the modality transformation of all others (C.11.1).
    """
    dose = number(dataset, "DoseGridScaling")
    if dose is not None:
        return Scale(dose, 0.0, "Gy" if text(dataset, "DoseUnits") == "GY" else "relative dose")
    if text(dataset, "SOPClassUID") == _PARAMETRIC_MAP:
        mapped = _real_world(dataset, frame)
        if mapped is not None:
            return mapped
    holder = group(dataset, frame, "PixelValueTransformationSequence") or dataset
    slope, intercept = number(holder, "RescaleSlope"), number(holder, "RescaleIntercept")
    if slope is None and intercept is None:
        return Scale(1.0, 0.0, "stored value")
    slope = 1.0 if slope is None or slope == 0 else slope
    return _named(dataset, holder, slope, intercept or 0.0)


def to_values(stored: Values, dataset: Dataset, scale: Scale) -> Values:
    """Apply the file's table or rescale in float64; float32 where the stored were narrow."""
    if dataset.get("ModalityLUTSequence"):
        return _kept(apply_modality_lut(stored, dataset), stored)
    if scale.is_plain:
        return _kept(stored, stored)
    return _kept(stored * np.float64(scale.slope) + np.float64(scale.intercept), stored)


def unit_of(dataset: Dataset, scale: Scale) -> str:
    """Of the values: HU, Gy, what the table says, or what they are."""
    tables = dataset.get("ModalityLUTSequence")
    if not tables:
        return scale.unit
    kind = text(tables[0], "ModalityLUTType")
    return kind if kind not in ("", "US") else "value of the file's table"


def padding_of(stored: Values, dataset: Dataset, layout: PixelLayout) -> Values | None:
    """(rows, columns) bool where the stored numbers are padding (PS3.3 C.7.5.1.1.2)."""
    floating = stored.dtype.kind == "f"
    prefix = ("Double" if stored.dtype.itemsize == 8 else "") + "Float" if floating else ""
    value = number(dataset, f"{prefix}PixelPaddingValue")
    if value is None:
        return None
    limit = number(dataset, f"{prefix}PixelPaddingRangeLimit")
    ends = sorted(
        _as_stored(end, layout, floating) for end in (value, value if limit is None else limit)
    )
    found: Values = (stored >= ends[0]) & (stored <= ends[1])
    return found if found.any() else None


def colour_of(stored: Values, dataset: Dataset, layout: PixelLayout) -> Values | None:
    """(rows, columns, 3) uint8; None where the picture is grey."""
    if layout.photometric == "PALETTE COLOR":
        return as_bytes(_palette(stored, dataset))
    if stored.ndim == 2:
        return None
    spare = stored.dtype.itemsize * 8 - layout.bits_stored
    whole = (
        stored.astype(stored.dtype.str.replace("i", "u")) if stored.dtype.kind == "i" else stored
    )
    return as_bytes(whole << spare if 0 < spare < 8 * stored.dtype.itemsize else whole)


def presets_of(
    dataset: Dataset, frame: int, layout: PixelLayout, scale: Scale
) -> tuple[Preset, ...]:
    """Tables and windows of the file, its default first (PS3.3 C.11.2; tables before windows)."""
    holder = group(dataset, frame, "FrameVOILUTSequence") or dataset
    found = (*_tables(holder, dataset, layout), *_windows(holder))
    return found or _whole_range(dataset, layout, scale)


def _named(dataset: Dataset, holder: Dataset, slope: float, intercept: float) -> Scale:
    kind = text(holder, "RescaleType")
    modality = text(dataset, "Modality")
    if modality == "CT" and kind in ("", "HU", "US"):
        return Scale(slope, intercept, "HU")
    if modality == "PT" and not kind:
        kind = text(dataset, "Units")
    if slope == 1.0 and intercept == 0.0 and kind in ("", "US", "normalized"):
        return Scale(slope, intercept, "stored value")
    return Scale(slope, intercept, _PLAIN_UNITS.get(kind, kind))


def _real_world(dataset: Dataset, frame: int) -> Scale | None:
    mapping = group(dataset, frame, "RealWorldValueMappingSequence")
    slope = number(mapping, "RealWorldValueSlope")
    if mapping is None or slope is None:
        return None
    units = mapping.get("MeasurementUnitsCodeSequence")
    unit = text(units[0], "CodeValue") if units else ""
    intercept = number(mapping, "RealWorldValueIntercept") or 0.0
    return Scale(slope, intercept, "mapped value" if unit in ("", "1") else unit)


def _kept(values: Values, stored: Values) -> Values:
    narrow = stored.dtype.itemsize <= 2 or stored.dtype == np.float32
    return values.astype(np.float32 if narrow else np.float64)


def _as_stored(value: float, layout: PixelLayout, floating: bool) -> float:
    """A padding value in the sign of the pixels; writers mix the two up."""
    if floating:
        return value
    if layout.is_signed and value >= 2 ** (layout.bits_allocated - 1):
        return value - float(1 << layout.bits_allocated)
    if not layout.is_signed and value < 0:
        return value + float(1 << layout.bits_allocated)
    return value


def _palette(stored: Values, dataset: Dataset) -> Values:
    """Colours of a table, in the full range of their type (entries may hold 8 bits in 16)."""
    colours: Values = apply_color_lut(stored, dataset)
    entry = numbers(dataset, "RedPaletteColorLookupTableDescriptor")
    if colours.dtype.itemsize == 2 and (len(entry) < 3 or entry[2] == 8 or colours.max() < 256):
        return (colours & 0xFF).astype(np.uint8)
    return colours


def _tables(holder: Dataset, dataset: Dataset, layout: PixelLayout) -> tuple[Preset, ...]:
    found = []
    for item in holder.get("VOILUTSequence") or ():
        descriptor = numbers(item, "LUTDescriptor")
        data = item.get("LUTData")
        if len(descriptor) != 3 or data is None:
            continue
        entries, first, bits = (int(value) for value in descriptor)
        table = _entries(data, entries or 1 << 16, bits, dataset)
        if table.size == 0:
            continue
        below_zero = layout.is_signed or (number(dataset, "RescaleIntercept") or 0.0) < 0
        if first > 0x7FFF and below_zero:
            first -= 1 << 16
        top = max(2**bits - 1, int(table.max()), 1)
        grey = (table.astype(np.float64) / top).astype(np.float32)
        grey.setflags(write=False)
        name = text(item, "LUTExplanation")
        found.append(Preset(name or "Table of the file", ToneTable(first, grey, name)))
    return tuple(found)


def _entries(data: object, entries: int, bits: int, dataset: Dataset) -> Values:
    """The entries of a table: a list of numbers, or bytes of 8 or 16 bits each."""
    if not isinstance(data, bytes | bytearray):
        return np.asarray(data, np.int64).ravel()[:entries]
    if bits <= 8 and len(data) < 2 * entries:
        return np.frombuffer(data, np.uint8)[:entries].astype(np.int64)
    order = "<" if dataset.original_encoding[1] is not False else ">"
    whole = len(data) - len(data) % 2
    return np.frombuffer(data[:whole], f"{order}u2")[:entries].astype(np.int64)


def _windows(holder: Dataset) -> tuple[Preset, ...]:
    centres, widths = numbers(holder, "WindowCenter"), numbers(holder, "WindowWidth")
    words = holder.get("WindowCenterWidthExplanation")
    names = [words] if isinstance(words, str) else list(words or ())
    function = _FUNCTIONS.get(text(holder, "VOILUTFunction"), "linear")
    found = []
    for place, (centre, width) in enumerate(zip(centres, widths, strict=False)):
        name = str(names[place]).strip() if place < len(names) else ""
        window = _window(centre, width, function)
        if window is not None:
            found.append(Preset(name or f"Window {place + 1} of the file", window))
    return tuple(found)


def _window(centre: float, width: float, function: Function) -> Window | None:
    if not np.isfinite((centre, width)).all() or width <= 0:
        return None
    # A width below 1 makes no sense for LINEAR (PS3.3 C.11.2.1.2.1); it is meant exactly.
    return Window(centre, width, "linear_exact" if function == "linear" and width < 1 else function)


def _whole_range(dataset: Dataset, layout: PixelLayout, scale: Scale) -> tuple[Preset, ...]:
    """Of bytes and of segmentations, which are meant as they are."""
    if not scale.is_plain or dataset.get("ModalityLUTSequence"):
        return ()
    if text(dataset, "SegmentationType") == "FRACTIONAL":
        return (full_range(0, number(dataset, "MaximumFractionalValue") or 255),)
    if layout.bits_stored in (1, 8) and not layout.is_signed and layout.bits_allocated <= 8:
        return (
            ()
            if text(dataset, "Modality") == "SEG" and layout.bits_stored == 8
            else (full_range(0, 2**layout.bits_stored - 1),)
        )
    return ()
