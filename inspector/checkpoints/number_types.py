"""The number types a checkpoint may hold: torch's word, how it is stored, how it is decoded."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class NumberType:
    """One number type.

    Parameters
    ----------
    name
        torch's word: ``float32``, ``bfloat16``...
    stored
        The little-endian numpy type of one stored element.
    decode
        Makes numbers of stored elements, exactly; None where numpy has the type.
    """

    name: str
    stored: np.dtype[Any]
    decode: Callable[[Array], Array] | None = None

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.stored.itemsize


def decode_bfloat16(bits: Array) -> Array:
    """(...) uint16 to float32: a bfloat16 is the upper half of a float32."""
    wide = bits.astype(np.uint32)
    wide <<= np.uint32(16)
    return wide.view(np.float32)


def decode_complex32(bits: Array) -> Array:
    """(...) uint32 to complex64: two float16, the real part first."""
    pairs = np.ascontiguousarray(bits).view(np.float16).astype(np.float32)
    return pairs.view(np.complex64).reshape(bits.shape)


@dataclass(frozen=True, slots=True)
class _Byte:
    """The layout of an eight-bit float with a sign: exponent bits, bias, and its special codes."""

    exponent_bits: int
    bias: int
    infinite: frozenset[int] = frozenset()
    undefined: frozenset[int] = frozenset()

    def value(self, code: int) -> float:
        """The number that a code of 0 to 255 stands for."""
        sign = -1.0 if code & 0x80 else 1.0
        if code in self.undefined:
            return float("nan")
        if code in self.infinite:
            return sign * float("inf")
        fraction_bits = 7 - self.exponent_bits
        exponent = (code & 0x7F) >> fraction_bits
        fraction = (code & ((1 << fraction_bits) - 1)) / (1 << fraction_bits)
        if exponent == 0:
            return sign * fraction * 2.0 ** (1 - self.bias)
        return sign * (1 + fraction) * 2.0 ** (exponent - self.bias)


def _lookup(values: list[float]) -> Callable[[Array], Array]:
    table = np.array(values, dtype=np.float32)
    table.setflags(write=False)

    def decode(codes: Array) -> Array:
        """(...) uint8 to float32."""
        numbers: Array = table[codes]
        return numbers

    return decode


_E5M2_NAN = frozenset({0x7D, 0x7E, 0x7F, 0xFD, 0xFE, 0xFF})
_BYTES = {
    "float8_e4m3fn": _Byte(4, 7, undefined=frozenset({0x7F, 0xFF})),
    "float8_e4m3fnuz": _Byte(4, 8, undefined=frozenset({0x80})),
    "float8_e5m2": _Byte(5, 15, infinite=frozenset({0x7C, 0xFC}), undefined=_E5M2_NAN),
    "float8_e5m2fnuz": _Byte(5, 16, undefined=frozenset({0x80})),
}
_NUMPY = (
    *("float16", "float32", "float64", "complex64", "complex128", "bool"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
)


def _little(name: str) -> "np.dtype[Any]":
    return np.dtype(name).newbyteorder("<")


TYPES: dict[str, NumberType] = {
    **{name: NumberType(name, _little(name)) for name in _NUMPY},
    "bfloat16": NumberType("bfloat16", _little("uint16"), decode_bfloat16),
    "complex32": NumberType("complex32", _little("uint32"), decode_complex32),
    **{
        name: NumberType(name, _little("uint8"), _lookup([layout.value(c) for c in range(256)]))
        for name, layout in _BYTES.items()
    },
    "float8_e8m0fnu": NumberType(
        "float8_e8m0fnu",
        _little("uint8"),
        _lookup([*(2.0 ** (c - 127) for c in range(255)), float("nan")]),
    ),
}
"""Every type that is read, by torch's word for it."""


def of_numpy(dtype: "np.dtype[Any]") -> NumberType | None:
    """The number type of a numpy dtype; None where it holds no numbers (text, objects)."""
    if dtype.fields is not None or dtype.subdtype is not None:
        return None
    return TYPES.get(dtype.newbyteorder("=").name)
