"""Images in memory, as a reader gives them, for tests of what opens and shows them."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from inspector.core.images import ImageCard, Plane, Slice, SliceAddress
from inspector.session import ImageSource, OpenImage


@dataclass(eq=False)
class MadeImage:
    """Slices of noise that differ from each other; `closed` notes when it is closed."""

    card: ImageCard
    closed: list[str] = field(default_factory=list)
    files: tuple[Path, ...] = ()

    def read(self, at: SliceAddress) -> Slice:
        random = np.random.default_rng(at.index)
        return Slice(random.normal(100, 20, self.card.shape).astype(np.float32), "HU")

    def middle(self) -> SliceAddress:
        return SliceAddress(Plane.AXIAL, self.card.slices[Plane.AXIAL] // 2)

    def close(self) -> None:
        self.closed.append(self.card.label)


def made_image(
    name: str = "a.png", *, slices: int = 1, closed: list[str] | None = None, shape=(20, 30)
) -> OpenImage:
    path = Path("/images") / name
    card = ImageCard(
        path.name, str(path), "PNG", shape=shape, slices={Plane.AXIAL: slices, Plane.CORONAL: 4}
    )
    return OpenImage.of(
        MadeImage(card, closed if closed is not None else [], (path,)), ImageSource(path)
    )
