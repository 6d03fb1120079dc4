"""Reading the weights of one block of an open model, every tensor once."""

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from inspector.analysis.vectors import VectorMeter
from inspector.core.comparison import Axis, FloatArray
from inspector.core.errors import BadCheckpoint
from inspector.core.outline import BlockOutline, Matrix, Stored
from inspector.families.model import Model

Array = npt.NDArray[np.generic]


class Meter(Protocol):
    """What measures a pair of matrices: `vectors.VectorMeter` or a device's."""

    def measure(self, a: Array, b: Array, *, axis: Axis = "out") -> FloatArray:
        """Compare two matrices: (metrics, vectors)."""


def meter_of(device: str) -> Meter:
    """Choose what measures on a resolved device; torch is imported only for a graphics device."""
    if device == "cpu":
        return VectorMeter()
    from inspector.analysis.accelerator import DeviceMeter

    return DeviceMeter(device)


def read_matrices(model: Model, block: BlockOutline) -> dict[Matrix, Array]:
    """Read Q, K and V of a block, (rows, d) each; views of the mapped file where possible."""
    parts = read_parts(model, list(block.weights.values()))
    return dict(zip(block.weights, parts, strict=True))


def stacked(weights: Sequence[Array]) -> Array | None:
    """The matrices one above the other without a copy, where they lie so in memory.

    They do where they are cut from a fused ``qkv`` weight; None where they are not.
    """
    first = weights[0]
    place = first.ctypes.data
    for matrix in weights:
        alike = matrix.dtype == first.dtype and matrix.shape[1:] == first.shape[1:]
        if not (alike and matrix.flags.c_contiguous and matrix.ctypes.data == place):
            return None
        place += matrix.nbytes
    rows = sum(matrix.shape[0] for matrix in weights)
    return np.lib.stride_tricks.as_strided(first, (rows, *first.shape[1:]), writeable=False)


def read_parts(model: Model, parts: Sequence[Stored]) -> list[Array]:
    """Read parts of a model; a tensor that several are cut from is read (and decoded) once."""
    tensors: Mapping[str, Array] = {
        name: model.checkpoint.tensors[name].numpy() for name in {p.tensor for p in parts}
    }
    return [part.take(tensors[part.tensor]) for part in parts]


def refuse_bad_weights(model: Model, stored: Stored, weights: Array) -> BadCheckpoint:
    """Put into words which tensor made a norm that is not finite."""
    wrong = int(np.size(weights) - np.count_nonzero(np.isfinite(cast("FloatArray", weights))))
    where = f"The tensor “{stored.tensor}” of {model.checkpoint.path.name}"
    if wrong:
        weights_that_are = "1 weight that is" if wrong == 1 else f"{wrong} weights that are"
        return BadCheckpoint(
            f"{where} holds {weights_that_are} not a number or infinite, so nothing computed from "
            "it has a meaning.",
            advice="The training probably diverged; take an earlier checkpoint.",
        )
    return BadCheckpoint(
        f"{where} holds weights so large that their squares cannot be represented.",
        advice="Check that the file holds the weights of a trained model.",
    )
