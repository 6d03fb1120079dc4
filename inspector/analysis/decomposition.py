"""The singular value decomposition of M = left^T right of every head, never forming M.

Methods, section B: with the thin factorisations left^T = Q_l R_l and right^T = Q_r R_r the
decomposition of the small core R_l R_r^T = U' S V'^T gives U = Q_l U' and V = Q_r V'.

The factors are not taken from Householder reflections, which cost more than all the rest, but from
the Cholesky factor of the Gram matrix, left left^T = L L^T, so that R_l = L^T and
Q_l = left^T L^-T. That loses digits with the square of the condition of `left`; in float64 there
are enough of them. The steps and their precision, for weights stored in float32 or less:

* Gram matrix, Cholesky factor and core in float64;
* the singular vectors of the core in float32, which takes two thirds of the time;
* sigma_n = u'_n^T core v'_n in float64: an extremum, so it is off by the square of the vectors'
  error only, about 1e-12 of the largest;
* L^-T u' in float64, u = left^T (L^-T u') in float32, orthonormal to about 5e-8 times what
  `CONDITION` limits.

Weights stored in float64 stay in float64 throughout. A head that is conditioned worse than that,
whose rank is deficient, or that has more rows than columns is done again by Householder reflections
and a float64 decomposition, which are orthonormal whatever the weights are.

Only the products with the wide matrices are left to a graphics processor: it takes milliseconds for
each small decomposition, one after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

# Raised whenever the same weights give other modes: results on disk say which they are of.
VERSION = 1
# |L|_F times the length of the longest L^-T u', up to which the quick way is taken: what rounding
# the latter changes in u. With 150 no u was more than 7e-6 from orthonormal in thousands of heads
# of random shape, spectrum and condition.
CONDITION = 150.0
# Modes whose sigma differ by less than this share of the largest are not told apart.
DEGENERATE = 1e-6
# Multiplications of a matrix product up to which OpenBLAS takes one thread.
_ONE_THREAD = 4 * 65536
# The same of a matrix with its own transpose, of which only half is computed.
_ONE_THREAD_SYMMETRIC = 4 * _ONE_THREAD

Weights = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Found = tuple[npt.NDArray[np.float64], Weights, Weights]


@dataclass(frozen=True, eq=False)
class Decomposition:
    """The modes of every head, in falling order of sigma.

    sigma, cosine: (heads, modes) float64; left, right: (heads, modes, width), orthonormal rows u
    and v in the type of the weights; degenerate: (heads, modes) bool.
    """

    sigma: npt.NDArray[np.float64]
    cosine: npt.NDArray[np.float64]
    left: Weights
    right: Weights
    degenerate: npt.NDArray[np.bool_]


def decompose(left: Weights, right: Weights, *, device: str = "cpu") -> Decomposition:
    """Split left^T right of every head into modes.

    Parameters
    ----------
    left, right
        (heads, rows, width), as W_q and W_k; finite, both float32 or both float64.
    device
        ``cpu`` or ``cuda``.
    """
    if left.shape[1] > left.shape[2]:
        sigma, u, v = _careful(left, right)
    else:
        (sigma, u, v), sound = _quick(_Wide(left, device), _Wide(right, device))
        if not sound.all():
            again = _careful(left[~sound], right[~sound])
            for kept, better in zip((sigma, u, v), again, strict=True):
                kept[~sound] = better
    cosine = np.clip(np.vecdot(u, v).astype(np.float64), -1.0, 1.0)
    return Decomposition(sigma, cosine, u, v, degenerate_modes(sigma))


def degenerate_modes(sigma: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """(heads, modes) whether a neighbour's sigma is within `DEGENERATE` of the largest."""
    close = sigma[:, :-1] - sigma[:, 1:] <= DEGENERATE * sigma[:, :1]
    found = np.zeros(sigma.shape, dtype=np.bool_)
    found[:, :-1] |= close
    found[:, 1:] |= close
    return found


class _Wide:
    """The weights of one side, and the two products that take them whole."""

    def __init__(self, weights: Weights, device: str) -> None:
        self._weights = weights
        self._there = None if device == "cpu" else torch.tensor(weights, device=device)

    def gram(self) -> Tensor:
        """(heads, rows, rows) float64, weights weights^T.

        Head by head, so that the widened weights stay in the cache: to fetch memory for all of
        them takes as long as to multiply them. numpy's product takes two thirds of the time of
        torch's on AMD processors, and the same on others.
        """
        if self._there is not None:
            wide = self._there.double()
            return (wide @ wide.mT).cpu()
        heads, rows, _ = self._weights.shape
        found = np.empty((heads, rows, rows))
        wide_head = np.empty(self._weights.shape[1:])
        for head, weights in enumerate(self._weights):
            wide_head[...] = weights
            pieces, rest = _pieces(wide_head, _ONE_THREAD_SYMMETRIC)
            np.matmul(pieces, pieces.swapaxes(-1, -2)).sum(axis=0, out=found[head])
            if rest.size:
                found[head] += rest @ rest.T
        return torch.from_numpy(found)

    def expand(self, small: Tensor) -> Weights:
        """(heads, modes, width) of (heads, modes, rows): small weights, in the weights' type."""
        if self._there is not None:
            product: Weights = (small.to(self._there.device) @ self._there).cpu().numpy()
            return product
        rows = small.numpy()
        found = np.empty_like(self._weights)
        (pieces, rest), (out, rest_out) = _pieces(self._weights), _pieces(found)
        np.matmul(rows[:, None], pieces, out=out)
        np.matmul(rows, rest, out=rest_out)
        return found

    @property
    def type(self) -> torch.dtype:
        """Of the weights."""
        return torch.float64 if self._weights.dtype == np.float64 else torch.float32


def _pieces(wide: Weights, most: int = _ONE_THREAD) -> tuple[Weights, Weights]:
    """(..., pieces, rows, n) and (..., rows, rest) views of (..., rows, width).

    A product of a piece with as many rows is one that OpenBLAS does not share out among threads.
    Shared out it is hardly quicker, and on a busy machine, where the threads wait for one another,
    it was seen to take a hundred times as long.
    """
    *_, rows, width = wide.shape
    each = max(1, min(width, most // rows**2))
    whole = width - width % each
    pieces = wide[..., :whole].reshape(*wide.shape[:-1], -1, each)
    return pieces.swapaxes(-3, -2), wide[..., whole:]


def _quick(left: _Wide, right: _Wide) -> tuple[Found, npt.NDArray[np.bool_]]:
    """Sigma, u and v of every head, and (heads,) whether they can be trusted."""
    lowers, sound = _lower_factors([left.gram(), right.gram()])
    core = lowers[0].mT @ lowers[1]
    largest = core.abs().amax((1, 2), keepdim=True)
    turned, _, v = torch.linalg.svd((core / largest).to(left.type), full_matrices=False)
    u = turned.mT
    sigma = _extremes(core, u, v)
    if bool((sigma.diff(dim=1) > 0).any()):
        sigma, order = sigma.sort(dim=1, descending=True, stable=True)
        u, v = (small.take_along_dim(order[:, :, None], dim=1) for small in (u, v))
    solved = []
    for small, lower in zip((u, v), lowers, strict=True):
        rows = torch.linalg.solve_triangular(lower.mT, small.mT.double(), upper=True).mT
        condition = (rows.square().sum(2).amax(1) * lower.square().sum((1, 2))).sqrt()
        sound &= condition <= CONDITION
        solved.append(rows.to(small))
    if not bool(sound.all()):
        for rows in solved:
            rows[~sound] = 0.0
    wide = left.expand(solved[0])
    sign = _signs(wide)
    wide *= sign
    solved[1] *= torch.from_numpy(sign)
    return (sigma.numpy(), wide, right.expand(solved[1])), sound.numpy()


def _extremes(core: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """(heads, modes) float64, u^T core v of vectors that are of length 1 only nearly."""
    u, v = u.double(), v.double()
    lengths = (u.square().sum(2) * v.square().sum(2)).sqrt()
    return (((u @ core) * v).sum(2) / lengths).clamp_min(0.0)


def _lower_factors(grams: Sequence[Tensor]) -> tuple[list[Tensor], Tensor]:
    """L of either side with gram = L L^T, and (heads,) whether there is one.

    Where there is none it is the unit matrix, so that what follows stays finite.
    """
    lowers, sound = [], torch.ones(len(grams[0]), dtype=torch.bool)
    for gram in grams:
        lower, failed = torch.linalg.cholesky_ex(gram)
        lower[failed > 0] = torch.eye(lower.shape[1], dtype=lower.dtype)
        sound &= failed == 0
        lowers.append(lower)
    return lowers, sound


def _careful(left: Weights, right: Weights) -> Found:
    """Sigma, u and v of every head by Householder reflections in float64."""
    wide = [torch.tensor(weights, dtype=torch.float64).mT for weights in (left, right)]
    (base, upper), (other_base, other_upper) = (torch.linalg.qr(matrix) for matrix in wide)
    turned, sigma, other = torch.linalg.svd(upper @ other_upper.mT, full_matrices=False)
    u, v = (turned.mT @ base.mT).numpy(), (other @ other_base.mT).numpy()
    sign = _signs(u)
    return sigma.numpy(), (u * sign).astype(left.dtype), (v * sign).astype(left.dtype)


def _signs(u: Weights) -> npt.NDArray[np.float32]:
    """(heads, modes, 1) of 1 and -1 that make the entry of u with the largest magnitude positive.

    Of several of the same magnitude the first counts.
    """
    high, low = u.max(axis=2), -u.min(axis=2)
    sign = np.where(low > high, np.float32(-1), np.float32(1))
    tied = low == high
    if tied.any():
        rows = u[tied]
        first = np.abs(rows).argmax(axis=1)
        sign[tied] = np.where(rows[np.arange(len(rows)), first] < 0, -1.0, 1.0)
    return sign[:, :, None]
