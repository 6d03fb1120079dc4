"""A tiny model, a folder of tiny pictures, and a measurement that says when it is asked.

Run as a program, it scans once and writes what came of it: ``python -m tests.scans.scan_by_hand``.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from inspector.analysis.measurement import Seen
from inspector.core.objects import ObjectMap
from inspector.families import open_model
from inspector.families.capture import Tap
from inspector.families.running import build_network
from inspector.images.collection import list_folder
from inspector.scans.passes import Pass, Scanned
from inspector.scans.ranks import joined
from inspector.scans.scanning import scan
from inspector.scans.store import Store
from tests.tiny_models import vit_weights, write_safetensors

TOO_SMALL = "The picture is less than six pixels high."


class Sums:
    """The sum of records, exact; and which pictures were counted."""

    def __init__(self) -> None:
        self.counted: list[int] = []
        self.sum = np.zeros(0, np.int64)

    def add(self, pictures, records) -> None:
        assert not set(pictures.tolist()) & set(self.counted)
        self.counted += pictures.tolist()
        whole = np.rint(records["mean"] * 2.0**30).astype(np.int64).sum(axis=0)
        self.sum = self.sum + whole if self.sum.size else whole

    def state(self) -> Mapping[str, np.ndarray]:
        return {"counted": np.array(self.counted, np.int64), "sum": self.sum}

    def merge(self, state) -> None:
        assert not set(state["counted"].tolist()) & set(self.counted)
        self.counted += state["counted"].tolist()
        if state["sum"].size:
            self.sum = self.sum + state["sum"] if self.sum.size else state["sum"]


@dataclass(eq=False)
class Means:
    """The mean token of every block; `runs` is a file that gets a byte for every picture run."""

    runs: Path | None = None
    wait: float = 0.0
    name: str = "means"
    needs_objects: bool = False
    chosen: int = 0
    seen: list[int] = field(default_factory=list)
    taps = (Tap.RESID_PRE,)

    @property
    def settings(self):
        return {"chosen": self.chosen}

    def measure(self, seen: Seen) -> Sequence[dict[str, np.ndarray] | str]:
        time.sleep(self.wait)
        self.seen.append(len(seen.pictures))
        if self.runs is not None:
            with self.runs.open("ab") as file:
                file.write(b"." * len(seen.pictures))
        blocks = [block.resid_pre.mean(1).numpy() for block in seen.capture.blocks.values()]
        return [
            TOO_SMALL
            if picture.placement.image_shape[0] < 6
            else {"mean": np.concatenate([block[n] for block in blocks])}
            for n, picture in enumerate(seen.pictures)
        ]

    def tally(self) -> Sums:
        return Sums()


@dataclass(frozen=True)
class Everywhere:
    """One object on every picture but those named; `word` stands for its file."""

    missing: tuple[str, ...] = ()
    word: str = "one"
    folder: str = "labels"

    @property
    def settings(self):
        return {"everywhere": True}

    def of(self, member, shape) -> ObjectMap:
        self.key_of(member, None)
        return ObjectMap(np.ones(shape, np.int32), self.word)

    def key_of(self, member, fingerprints) -> str:
        from inspector.core.errors import BadImage

        if member.name in self.missing:
            raise BadImage(f"“{member.name}” has no label map.", advice="Draw one.")
        return self.word


def model_file(folder: Path, *, seed: int = 0, **shape: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    weights = vit_weights(seed=seed, **shape)
    return settled(write_safetensors(folder / f"vit{seed}.safetensors", weights))


def pictures(folder: Path, count: int, *, first: int = 0) -> Path:
    """Grey pictures of noise, each another; old enough for their hashes to be remembered."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        picture(folder / f"{number:04d}.png", number)
    return folder


def picture(path: Path, seed: int, shape: tuple[int, int] = (20, 16)) -> Path:
    noise = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    Image.fromarray(noise).save(path)
    return settled(path)


def settled(path: Path) -> Path:
    """Dated back, though not as the system counts: that time is its own."""
    before = time.time() - 100
    os.utime(path, (before, before))
    return path


@contextmanager
def opened(file: Path) -> Iterator[tuple]:
    with open_model(file, heads=4) as model:
        yield model, build_network(model)


def scanned(
    file: Path, folder: Path, *measurements: Means, objects=None, **keywords
) -> Scanned | None:
    with opened(file) as (model, network), list_folder(folder) as collection:
        work = Pass(model, network, network.preparation, measurements or (Means(),), objects)
        return scan(work, collection, **keywords)


def told(found: Scanned, name: str = "means") -> dict:
    """All that must be the same however a scan was done."""
    tally = found.tallies[name]
    return {
        "sum": tally.sum.tolist(),
        "counted": [found.names[place] for place in sorted(tally.counted)],
        "measured": found.measured[name],
        "total": found.total,
        "left out": [list(pair) for pair in found.left_out[name]],
    }


def main(words: Sequence[str] | None = None) -> None:
    """Scan once and write what came of it, as rank of several where the environment says so."""
    parser = argparse.ArgumentParser()
    for name in ("model", "folder", "store", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--wait", type=float, default=0.0)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--apart", action="store_true", help="a store for each rank")
    parser.add_argument("--not-kept", action="store_true")
    given = parser.parse_args(words)
    with joined("cpu") as ranks:
        given.out.with_suffix(f".{ranks.rank}.pid").write_text(str(os.getpid()))
        store = Store(given.store / str(ranks.rank) if given.apart else given.store)
        ranks.share(b"here")
        begin = time.monotonic()
        found = scanned(
            given.model,
            given.folder,
            Means(given.runs, given.wait),
            store=None if given.not_kept else store,
            ranks=ranks,
            batch=given.batch,
        )
    if found is not None:
        seconds = time.monotonic() - begin
        given.out.write_text(json.dumps(told(found) | {"kept": found.kept, "seconds": seconds}))


if __name__ == "__main__":
    sys.exit(main())
