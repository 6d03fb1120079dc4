"""The same numbers on a graphics processor, with torch; imported only when one is chosen.

CUDA computes in float64, as the processor does. Apple's MPS has no float64: there every sum is
rounded to float32, which leaves about six digits. The formulas are chosen so that even then the
cosine distance of nearly identical vectors keeps these digits: the change a - b is taken first
(exact between neighbouring numbers) and nothing near one is subtracted from one.
"""

import numpy as np
import numpy.typing as npt
import torch

from inspector.core.comparison import Axis, FloatArray
from inspector.core.errors import BadRequest
from inspector.core.metrics import Metric

Array = npt.NDArray[np.generic]


class DeviceMeter:
    """Measures pairs of matrices on a torch device; see `vectors.VectorMeter` for the meaning.

    Parameters
    ----------
    device
        Of torch: ``cuda``, ``mps`` (or ``cpu``, for tests).
    dtype
        float64, or float32 where the device has no float64.
    """

    def __init__(self, device: str, *, dtype: torch.dtype | None = None) -> None:
        self._device = torch.device(device)
        self._dtype = dtype or (torch.float32 if device == "mps" else torch.float64)

    def measure(self, a: Array, b: Array, *, axis: Axis = "out") -> FloatArray:
        """Compare two matrices: (metrics, vectors) float64, rows in the order of `Metric`.

        Raises
        ------
        BadRequest
            When the shapes differ or are not those of matrices.
        """
        if a.shape != b.shape or a.ndim != 2:
            raise BadRequest(f"Matrices of shapes {a.shape} and {b.shape} cannot be compared.")
        left, right = self.load(a), self.load(b)
        if axis == "in":
            left, right = left.T, right.T
        return _to_numpy(_metrics(left, right))

    def load(self, array: Array) -> torch.Tensor:
        """Copy an array to the device, in the type it computes in."""
        wide = np.float32 if self._dtype == torch.float32 else np.float64
        return torch.from_numpy(np.array(array, dtype=wide, order="C")).to(self._device)

    def inner_products(
        self, left_a: Array, left_b: Array, right_a: Array, right_b: Array
    ) -> FloatArray:
        """(3, heads) of <M_A, M_B>, |M_A|², |M_B|² with M = left^T right of every head.

        The arguments are (heads, d_k, d); see `invariant`.
        """
        a, b, c, d = map(self.load, (left_a, left_b, right_a, right_b))
        products = [
            ((left @ other.mT) * (right @ another.mT)).sum((1, 2))
            for left, other, right, another in ((a, b, c, d), (a, a, c, c), (b, b, d, d))
        ]
        return _to_numpy(torch.stack(products))


def _metrics(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    change = a - b
    norm_a, norm_b = a.square().sum(1).sqrt(), b.square().sum(1).sqrt()
    squared = change.square().sum(1)
    undefined = torch.full_like(norm_a, float("nan"))
    found = {
        Metric.COSINE_DISTANCE: _cosine_distances(a, b, norm_a, norm_b),
        Metric.EUCLIDEAN: squared.sqrt(),
        Metric.MSE: squared / a.shape[1],
        Metric.DOT: (a * b).sum(1),
        Metric.NORM_A: norm_a,
        Metric.NORM_B: norm_b,
        Metric.RELATIVE_DISTANCE: torch.where(norm_a > 0, squared.sqrt() / norm_a, undefined),
        Metric.NORM_RATIO: torch.where(norm_a > 0, norm_b / norm_a, undefined),
    }
    return torch.stack([found[metric] for metric in Metric])


def _cosine_distances(
    a: torch.Tensor, b: torch.Tensor, norm_a: torch.Tensor, norm_b: torch.Tensor
) -> torch.Tensor:
    change, product = a - b, norm_a * norm_b
    squared = change.square().sum(1)
    lengthened = ((change * (a + b)).sum(1) / (norm_a + norm_b)).square()
    turned = (a / norm_a[:, None] - b / norm_b[:, None]).square().sum(1) / 2
    distances = torch.where(
        lengthened > squared / 2, turned, (squared - lengthened) / (2 * product)
    ).clamp(0.0, 2.0)
    distances = torch.where(squared == 0, torch.zeros_like(distances), distances)
    return torch.where(product > 0, distances, torch.full_like(distances, float("nan")))


def _to_numpy(tensor: torch.Tensor) -> FloatArray:
    array: FloatArray = tensor.cpu().numpy().astype(np.float64)
    return array
