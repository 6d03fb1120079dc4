"""An open checkpoint together with the outline of the model in it."""

from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from inspector.checkpoints.checkpoint import Checkpoint
from inspector.core.address import Address
from inspector.core.comparison import ModelCard
from inspector.core.outline import Matrix, ModelOutline, Stored


@dataclass(frozen=True, eq=False)
class Model:
    """What is open: a checkpoint and its outline."""

    checkpoint: Checkpoint
    outline: ModelOutline

    def weight(self, address: Address, matrix: Matrix) -> npt.NDArray[np.generic]:
        """(H*d_k, d) weight of Q, K or V of a block, a view of the mapped file where possible."""
        return self.read(self.outline.block(address).weights[matrix])

    def bias(self, address: Address, matrix: Matrix) -> npt.NDArray[np.generic] | None:
        """(H*d_k,) bias of Q, K or V of a block; None where there is none."""
        stored = self.outline.block(address).biases.get(matrix)
        return None if stored is None else self.read(stored)

    def read(self, stored: Stored) -> npt.NDArray[np.generic]:
        """Read any part the outline names."""
        return stored.take(self.checkpoint.tensors[stored.tensor].numpy())

    def card(self, label: str = "") -> ModelCard:
        """What is shown of this model; `label` defaults to the name of the file or folder."""
        return ModelCard(
            label=label or self.checkpoint.path.name,
            path=str(self.checkpoint.path),
            family=self.outline.family,
            source=self.outline.source,
            parameters=self.outline.parameters,
            depth=self.outline.depth,
            assumed=self.outline.assumed,
            foreign_classes=self.checkpoint.foreign,
        )

    def with_outline(self, outline: ModelOutline) -> "Model":
        """The same file read as another outline (after the number of heads was corrected)."""
        return replace(self, outline=outline)

    def close(self) -> None:
        """Close the checkpoint."""
        self.checkpoint.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
