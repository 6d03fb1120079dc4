"""Folders of small pictures with masks, and a gate that a scan waits at."""

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspector.images.collection import Collection

SIDE = 32


def write_pictures(folder: Path, names: str, *, seed: int = 0) -> Path:
    """Grey noise, each picture with a bright patch of its own place."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(seed)
    for number, name in enumerate(names):
        picture = random.integers(0, 120, (SIDE, SIDE)).astype(np.uint8)
        row, column = divmod(number, 4)
        picture[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = 255
        Image.fromarray(picture).save(folder / f"{name}.png")
    return folder


def write_masks(folder: Path, names: str, box: tuple[slice, slice]) -> Path:
    """The same box in every mask."""
    folder.mkdir(exist_ok=True)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[box] = 255
    for name in names:
        Image.fromarray(mask).save(folder / f"{name}.png")
    return folder


def write_labels(folder: Path, names: str) -> Path:
    """Two objects, the upper and the lower half; of the last picture only one."""
    folder.mkdir(exist_ok=True)
    for name in names:
        labels = np.ones((SIDE, SIDE), np.uint8)
        if name != names[-1]:
            labels[SIDE // 2 :] = 2
        Image.fromarray(labels).save(folder / f"{name}.png")
    return folder


class Gate:
    """Lets a scan read so many pictures, and the others once it is opened; all else may read."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._left, self._lock, self._go = 10**9, threading.Lock(), threading.Event()
        self._go.set()
        self.read = 0
        original = Collection.read

        def read(collection: Collection, member: object) -> object:
            if not threading.current_thread().name.startswith("scan"):
                return original(collection, member)
            with self._lock:
                self._left -= 1
                waits = self._left < 0
            if waits:
                self._go.wait(20)
            with self._lock:
                self.read += 1
            return original(collection, member)

        patch.setattr(Collection, "read", read)

    def let_through(self, count: int) -> None:
        """Let so many more be read."""
        self._left = count
        self._go.clear()

    def open(self) -> None:
        """Let all be read."""
        self._left = 10**9
        self._go.set()
