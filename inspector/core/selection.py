"""What the user looks at; one selection drives every view."""

from dataclasses import dataclass, field

from inspector.core.address import Address
from inspector.core.metrics import Metric
from inspector.core.modes import ModeOptions, TokenSpace
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
    model
        Position among the open models of the one whose modes and attention are shown: 0 is A.
    mode
        Mode of the head; kept when the head changes. Where no head is selected, head 0 is shown.
    token, key
        Query token and key token of the attention view, indices in the block's token grid.
    options, space
        How modes are computed, and which tokens are projected on them.
    """

    address: Address | None = None
    matrix: Matrix | None = None
    metric: Metric = Metric.RELATIVE_DISTANCE
    compared: int = 0
    vector: int | None = None
    model: int = 0
    mode: int = 0
    token: int | None = None
    key: int | None = None
    options: ModeOptions = field(default_factory=ModeOptions)
    space: TokenSpace = TokenSpace.ATTENTION_INPUT
