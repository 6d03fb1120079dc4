"""What the user looks at; one selection drives every view."""

from dataclasses import dataclass

from inspector.core.address import Address
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix


@dataclass(frozen=True, slots=True)
class Selection:
    """The current choice; changed with `dataclasses.replace`.

    Parameters
    ----------
    address
        Block, or head of it, that is looked at; None before a model is open.
    matrix
        Q, K or V; None for all three.
    metric
        The metric of heat map, lines, table and tree bars.
    compared
        Index of the compared model in the series.
    vector
        Vector inside the matrix (of `matrix`), counted from 0; None for none.
    """

    address: Address | None = None
    matrix: Matrix | None = None
    metric: Metric = Metric.RELATIVE_DISTANCE
    compared: int = 0
    vector: int | None = None
