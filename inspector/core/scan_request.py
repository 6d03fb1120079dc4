"""What is looked for in a folder: images that excite modes most, or how alike they are."""

from dataclasses import dataclass, field
from pathlib import Path

from inspector.core.errors import BadRequest
from inspector.core.modes import ModeOptions, Product, TokenSpace
from inspector.core.optimal import DEFAULT_MODES, DEFAULT_TOP, MOST_TOP, OptimalOptions


@dataclass(frozen=True, slots=True)
class ScanChoice:
    """How optimal images are looked for; which tokens are projected is chosen with the modes.

    Parameters
    ----------
    modes
        The first so many modes of every head; None for all.
    top
        How many images are kept of each mode and sign.
    compat
        Whether images are scored as the published code does.
    """

    modes: int | None = DEFAULT_MODES
    top: int = DEFAULT_TOP
    compat: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.top <= MOST_TOP or (self.modes is not None and self.modes < 1):
            raise BadRequest(
                f"At least one mode and from 1 to {MOST_TOP} images of each are looked for, not "
                f"{self.modes} modes and {self.top} images."
            )


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """A folder of images, and how it is looked through."""

    folder: Path
    choice: ScanChoice = field(default_factory=ScanChoice)

    def options(self, weights: ModeOptions, space: TokenSpace) -> OptimalOptions:
        """With how weights are used and which tokens are projected; the published score fixes both.

        Optimal images are of query and key, whichever product is looked at.
        """
        if self.choice.compat:
            return OptimalOptions(
                self.choice.modes, ModeOptions(), TokenSpace.RESIDUAL, compat=True
            )
        used = ModeOptions(Product.QK, weights.fold_norm, weights.augment_bias)
        return OptimalOptions(self.choice.modes, used, space)


@dataclass(frozen=True, slots=True)
class AnisotropyRequest:
    """A folder of images, and which of their tokens are compared."""

    folder: Path
    space: TokenSpace
