"""What each row of the model tree says about the comparison: a number, or a word in its place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from inspector.core.address import Address
from inspector.core.comparison import BlockComparison, Comparison, FloatArray, MatrixComparison
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix, ModelOutline, StageOutline
from inspector.views.wording import counted, number_text

FROZEN = "frozen"
SKIPPED = "skipped"
WAITING = "…"
_NO_HEADS = "Vectors along the input axis belong to no head."


@dataclass(frozen=True, slots=True)
class Row:
    """A value to draw as a bar (NaN for none), or a word instead; `tip` says it exactly."""

    value: float = nan
    word: str = ""
    tip: str = ""


class TreeRows:
    """The rows of one comparison for one metric.

    Parameters
    ----------
    outline
        Of the reference; its rows are the tree's.
    comparison
        With the current compared model; None where only one model is open.
    matrix
        Q, K or V, or None for the mean over the vectors of all three.
    """

    def __init__(
        self,
        outline: ModelOutline,
        comparison: Comparison | None,
        *,
        metric: Metric,
        matrix: Matrix | None,
    ) -> None:
        self._outline = outline
        self._comparison = comparison
        self._metric = metric
        self._matrix = matrix
        self._skipped = dict(comparison.skipped) if comparison else {}
        self._heads: dict[Address, FloatArray] = {}
        self.low, self.high = self._limits()

    @property
    def caption(self) -> str:
        """What the bars are: ``Relative distance · Q, K, V``; empty without comparison."""
        return f"{self._metric.about.label} · {self._names}" if self._comparison else ""

    @property
    def range_text(self) -> str:
        """The values at both ends of every bar: ``0 – 0.243``; empty without comparison."""
        return f"{bar_text(self.low)} – {bar_text(self.high)}" if self._comparison else ""

    @property
    def origin(self) -> float:
        """Where bars start: the value two identical vectors give, else 0."""
        return self._metric.about.same or 0.0

    def share(self, value: float) -> float:
        """Where a value lies between `low` and `high`, 0 to 1."""
        return (value - self.low) / (self.high - self.low)

    def stage(self, stage: StageOutline) -> Row:
        """The mean of the stage's blocks; frozen where all of them are."""
        if self._comparison is None:
            return Row()
        rows = [self.block(block.address) for block in stage.blocks]
        words = {row.word for row in rows}
        if len(words) == 1 and "" not in words:
            return Row(word=words.pop())
        values = [row.value for row in rows if isfinite(row.value)]
        if not values:
            return Row(word=WAITING if WAITING in words else "")
        mean = float(np.mean(values))
        return Row(mean, tip=self._told(mean, over=f"of {counted(len(values), 'block')}"))

    def block(self, address: Address) -> Row:
        """The mean over the block's vectors."""
        found = self._found(address)
        if isinstance(found, Row):
            return found
        matrices = self._matrices(found)
        if not matrices:
            return Row(word=SKIPPED, tip=f"{self._names} could not be compared.")
        if self._says_frozen and all(m.identical for m in matrices):
            return Row(self.origin, FROZEN, f"{self._names}: identical")
        mean, count = self._pooled(matrices)
        return Row(mean, tip=self._told(mean, over=f"over {counted(count, 'vector')}"))

    def head(self, address: Address) -> Row:
        """The mean over the vectors of one head."""
        block = self.block(address.of_block)
        found = self._found(address.of_block)
        if isinstance(found, Row) or block.word or address.head is None:
            return Row(word=block.word, tip=block.tip)
        values = self._head_values(found)
        if address.head >= values.size:
            return Row(tip=_NO_HEADS)
        mean = float(values[address.head])
        return Row(mean, tip=self._told(mean, over="over the head’s vectors"))

    @property
    def _names(self) -> str:
        return self._matrix.label if self._matrix else "Q, K, V"

    @property
    def _says_frozen(self) -> bool:
        return self._metric.about.same is not None

    def _told(self, value: float, *, over: str) -> str:
        number = number_text(value, digits=6)
        return f"{self._metric.about.label} of {self._names}: {number}, mean {over}"

    def _found(self, address: Address) -> BlockComparison | Row:
        """The compared block, or the row that says why there is none."""
        if self._comparison is None:
            return Row()
        found = self._comparison.by_address.get(address)
        if found is not None:
            return found
        if address in self._skipped:
            return Row(word=SKIPPED, tip=self._skipped[address])
        if self._comparison.complete:
            return Row(word=SKIPPED, tip="This block was not compared.")
        return Row(word=WAITING, tip="This block is still being compared.")

    def _matrices(self, block: BlockComparison) -> Sequence[MatrixComparison]:
        return [m for m in block.matrices if self._matrix in (None, m.matrix)]

    def _pooled(self, matrices: Sequence[MatrixComparison]) -> tuple[float, int]:
        """The mean over the defined vectors of all `matrices`, and how many those are."""
        summaries = [m.summaries[self._metric] for m in matrices]
        count = sum(s.count for s in summaries)
        total = sum(s.mean * s.count for s in summaries if s.count)
        return (total / count if count else nan), count

    def _head_values(self, block: BlockComparison) -> FloatArray:
        """(heads,) means over each head's defined vectors; empty along the input axis."""
        if block.address not in self._heads:
            matrices = self._matrices(block)
            heads = max((int(m.head_of.max(initial=-1)) + 1 for m in matrices), default=0)
            self._heads[block.address] = _means_by_head(matrices, self._metric, heads=heads)
        return self._heads[block.address]

    def _limits(self) -> tuple[float, float]:
        values = [v for v in self._all_values() if isfinite(v)]
        low, high = min(values, default=0.0), max(values, default=0.0)
        low, high = min(low, self.origin), max(high, self.origin)
        return (low, high) if low < high else (low, low + 1.0)

    def _all_values(self) -> Iterator[float]:
        for block in self._comparison.blocks if self._comparison else ():
            yield self.block(block.address).value
            yield from self._head_values(block).tolist()


def bar_text(value: float) -> str:
    """A number of three digits, four near 1, as wide as its neighbours in a column.

    >>> bar_text(0.058), bar_text(0.99826), bar_text(2e-5), bar_text(0.0)
    ('0.0580', '0.9983', '2.00e−05', '0')
    """
    if value == 0:
        return "0"
    size = abs(value)
    if size < 1e-3 or size >= 1e5:
        text = f"{value:.2e}"
    elif size >= 1000:
        text = f"{value:.0f}"
    else:
        text = f"{value:#.{4 if size >= 0.1 else 3}g}"
    return text.replace("-", "−")


def _means_by_head(
    matrices: Sequence[MatrixComparison], metric: Metric, *, heads: int
) -> FloatArray:
    total, count = np.zeros(heads), np.zeros(heads)
    for matrix in matrices:
        values = matrix[metric]
        good = np.isfinite(values) & (matrix.head_of >= 0)
        of = matrix.head_of[good]
        total += np.bincount(of, weights=values[good], minlength=heads)
        count += np.bincount(of, minlength=heads)
    with np.errstate(invalid="ignore", divide="ignore"):
        means: FloatArray = total / count
    return means
