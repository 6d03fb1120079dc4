"""What changed in one block, in words: how much of it is length, how much direction."""

from math import isnan

from inspector.core.comparison import BlockComparison, MatrixComparison
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.views.wording import number_text, percent_text

_SHORTER = 0.8


def block_title(block: BlockComparison) -> str:
    """The title in the poster's form."""
    address = block.address
    return f"Stage {address.stage}, Block {address.block}: Metrics Comparison"


def length_and_direction(block: BlockComparison) -> str:
    """Which share of the squared Euclidean change of Q, K and V is direction, with the norms."""
    if block.frozen:
        return "Frozen: query, key and value are bit for bit the same in A and B."
    shares = ", ".join(_share_text(found) for found in block.matrices)
    norms = ", ".join(_norms_text(found) for found in block.matrices)
    return (
        f"Share of the squared Euclidean change that is direction: {shares}; the rest is length. "
        f"Mean norm in A → in B: {norms}."
    )


def reading_of_values(block: BlockComparison) -> str:
    """A caution where V's vectors are shorter than those of Q and K, else nothing.

    Its Euclidean distance, MSE and dot product are then small at any angle.
    """
    norms = {found.matrix: found.summaries[Metric.NORM_A].mean for found in block.matrices}
    if block.frozen or set(norms) != set(Matrix):
        return ""
    if not norms[Matrix.V] < _SHORTER * min(norms[Matrix.Q], norms[Matrix.K]):
        return ""
    relative = ", ".join(_relative_text(found) for found in block.matrices)
    return (
        "Value vectors are shorter, which alone lowers their Euclidean distance, MSE and dot "
        f"product; relative distance: {relative}."
    )


def missing_matrices(block: BlockComparison) -> str:
    """Which of Q, K and V could not be compared; empty where all three were."""
    there = {found.matrix for found in block.matrices}
    absent = [matrix.label for matrix in Matrix if matrix not in there]
    return f"Not compared in this block: {', '.join(absent)}." if absent else ""


def _relative_text(found: MatrixComparison) -> str:
    mean = found.summaries[Metric.RELATIVE_DISTANCE].mean
    return f"{found.matrix.label} {number_text(mean, digits=3)}"


def _share_text(found: MatrixComparison) -> str:
    share = found.share_of_direction
    return f"{found.matrix.label} {'unchanged' if isnan(share) else percent_text(share)}"


def _norms_text(found: MatrixComparison) -> str:
    before, after = (found.summaries[m].mean for m in (Metric.NORM_A, Metric.NORM_B))
    numbers = f"{number_text(before, digits=3)} → {number_text(after, digits=3)}"
    return f"{found.matrix.label} {numbers}"
