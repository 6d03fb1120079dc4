"""The real pictures that the samples are trained on, and how crops are taken from them.

Everything random comes from the generator that is passed in, so that a run can be repeated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

SIZE = 64
MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)

KINDS: dict[str, tuple[str, ...]] = {
    "photograph": tuple(
        f"images/skimage/{name}.png"
        for name in ("chelsea", "astronaut", "camera", "coffee", "coins")
    ),
    "retina": ("images/skimage/microaneurysms.png", "images/skimage/retina.jpg"),
    "histology": (
        "images/histology_tiles/low-nuclei-score-level1.png",
        "images/histology_tiles/high-nuclei-score-level2.png",
        "images/skimage/ihc.png",
    ),
    "skin": ("masks/isic2017_skin_lesion/images/*",),
    "brain MR": (
        "masks/brisc2025_brain_tumour_mri/images/*",
        "masks/cheng_brain_tumour_mri/images/*",
    ),
    "breast ultrasound": ("masks/busi_breast_ultrasound/images/*",),
    "chest X-ray": ("images/cxr_nih/*",),
}
HELD_OUT_EVERY = 5


@dataclass(frozen=True, slots=True)
class Pictures:
    """Whole pictures by kind; the held-out ones are never trained on, not even a crop of them."""

    kinds: tuple[str, ...]
    training: tuple[tuple[Image.Image, ...], ...]
    held_out: tuple[tuple[Image.Image, ...], ...]


def read_pictures(folder: Path) -> Pictures:
    """Read all kinds; the first of every five pictures of a kind is held out."""
    files = [_files(folder, patterns) for patterns in KINDS.values()]
    return Pictures(
        tuple(KINDS),
        tuple(
            tuple(_read(path) for n, path in enumerate(paths) if n % HELD_OUT_EVERY)
            for paths in files
        ),
        tuple(tuple(_read(path) for path in paths[::HELD_OUT_EVERY]) for paths in files),
    )


def _files(folder: Path, patterns: Sequence[str]) -> list[Path]:
    found = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
    if len(found) < 2:
        raise SystemExit(f"{folder} holds too few files that match {', '.join(patterns)}")
    return found


def _read(path: Path) -> Image.Image:
    """A picture in RGB, its shorter side at most 256 pixels."""
    with Image.open(path) as picture:
        factor = min(1.0, 256 / min(picture.size))
        width, height = (round(length * factor) for length in picture.size)
        return picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)


def random_crops(
    pictures: Pictures, count: int, random: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """`count` augmented crops (N, 3, SIZE, SIZE), every kind equally likely, and their kinds."""
    kinds = random.integers(len(pictures.kinds), size=count)
    crops = [_random_crop(pictures.training[int(kind)], random) for kind in kinds]
    return to_input(np.stack(crops)), torch.from_numpy(kinds)


def _random_crop(
    pictures: Sequence[Image.Image], random: np.random.Generator
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """A square of 15 % to 100 % of the shorter side: flipped, sometimes grey, brighter or darker.

    Half of the crops lose their colours: otherwise the colours alone would tell the kinds apart.
    """
    picture = pictures[int(random.integers(len(pictures)))]
    side = min(picture.size) * random.uniform(0.15, 1)
    left, top = (random.uniform(0, length - side) for length in picture.size)
    crop = _crop(picture, left, top, side)
    for axis in (0, 1):
        crop = np.flip(crop, axis) if random.random() < 0.5 else crop
    if random.random() < 0.5:
        crop = np.repeat(crop.mean(axis=2, keepdims=True), 3, axis=2)
    contrast, brightness = random.uniform(0.7, 1.3), random.uniform(-30, 30)
    return np.clip((crop - crop.mean()) * contrast + crop.mean() + brightness, 0, 255)


def held_out_crops(pictures: Pictures) -> tuple[Tensor, Tensor]:
    """The middle and four corners of every held-out picture, unaugmented, and their kinds."""
    crops, kinds = [], []
    for kind, group in enumerate(pictures.held_out):
        for picture in group:
            side = min(picture.size) * 0.6
            for x, y in ((0.5, 0.5), (0, 0), (0, 1), (1, 0), (1, 1)):
                left, top = (
                    (length - side) * at for length, at in zip(picture.size, (x, y), strict=True)
                )
                crops.append(_crop(picture, left, top, side))
                kinds.append(kind)
    return to_input(np.stack(crops)), torch.tensor(kinds)


def _crop(
    picture: Image.Image, left: float, top: float, side: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    square = (left, top, left + side, top + side)
    resized = picture.resize((SIZE, SIZE), Image.Resampling.BILINEAR, box=square)
    return np.asarray(resized, dtype=np.float32)


def to_input(
    pictures: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> Tensor:
    """(N, H, W, 3) of 0 to 255 -> (N, 3, H, W), normalised as detectors normalise theirs."""
    channels_first = torch.from_numpy(pictures.astype(np.float32)).permute(0, 3, 1, 2)
    return (channels_first - _channel(MEAN)) / _channel(STD)


def _channel(values: Sequence[float]) -> Tensor:
    return torch.tensor(values).view(1, 3, 1, 1)


@dataclass(frozen=True, slots=True)
class ChestXrays:
    """One split of PneumoniaMNIST: (N, 28, 28) uint8 images and (N,) labels (1: pneumonia)."""

    images: Tensor
    labels: Tensor

    def upsampled(self, index: Tensor) -> Tensor:
        """(N, 1, SIZE, SIZE) grey values of 0 to 255."""
        grey = self.images[index].unsqueeze(1).float()
        return functional.interpolate(grey, (SIZE, SIZE), mode="bilinear", align_corners=False)


def read_chest_xrays(folder: Path) -> dict[str, ChestXrays]:
    """PneumoniaMNIST (MedMNIST v2): its splits `train`, `val` and `test`."""
    with np.load(folder / "images" / "medmnist" / "pneumoniamnist.npz") as splits:
        return {
            split: ChestXrays(
                torch.from_numpy(splits[f"{split}_images"]),
                torch.from_numpy(splits[f"{split}_labels"]).flatten().long(),
            )
            for split in ("train", "val", "test")
        }


def grey_to_input(grey: Tensor) -> Tensor:
    """(N, 1, H, W) grey values of 0 to 255 -> (N, 3, H, W), normalised."""
    return (grey - _channel(MEAN)) / _channel(STD)


def augmented(grey: Tensor, random: torch.Generator) -> Tensor:
    """Shift every image by up to 4 pixels, over black, and flip half of them."""
    count, _, size, _ = grey.shape
    padded = functional.pad(grey, (4, 4, 4, 4))
    shifts = torch.randint(9, (count, 2), generator=random).tolist()
    moved = torch.stack(
        [padded[n, :, y : y + size, x : x + size] for n, (y, x) in enumerate(shifts)]
    )
    flipped = torch.rand(count, 1, 1, 1, generator=random) < 0.5
    return torch.where(flipped, moved.flip(3), moved)
