"""What is looked for in a folder: which images excite the modes of the open models most."""

from dataclasses import dataclass
from pathlib import Path

from inspector.core.errors import BadRequest
from inspector.core.modes import ModeOptions, Product, TokenSpace
from inspector.core.optimal import MOST_TOP, OptimalOptions


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """A folder, and how it is looked through.

    Parameters
    ----------
    folder
        Of images.
    modes
        The first so many modes of every head; None for all.
    top
        How many images are kept of each mode and sign.
    compat
        Whether images are scored as the published code does.
    """

    folder: Path
    modes: int | None = 10
    top: int = 8
    compat: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.top <= MOST_TOP or (self.modes is not None and self.modes < 1):
            raise BadRequest(
                f"At least one mode and from 1 to {MOST_TOP} images of each are looked for, not "
                f"{self.modes} modes and {self.top} images."
            )

    def options(self, weights: ModeOptions, space: TokenSpace) -> OptimalOptions:
        """With how weights are used and which tokens are projected; the published score fixes both.

        Optimal images are of query and key, whichever product is looked at.
        """
        used = ModeOptions(Product.QK, weights.fold_norm, weights.augment_bias)
        if self.compat:
            return OptimalOptions(self.modes, ModeOptions(), TokenSpace.RESIDUAL, compat=True)
        return OptimalOptions(self.modes, used, space)
