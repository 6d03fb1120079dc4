"""A scan of a folder against a plain loop that reads, prepares and runs the same pictures.

Run explicitly: ``pytest tests/benchmarks/test_scan_engine.py -s``. Prints a line for the time of
the processor and one for that of the wall: name, ours, reference, ratio, bar. The sides take turns
and have as many threads as there are cores; the ratio is the median of those of several rounds.
Times of the wall are to be measured on a machine that does nothing else.

What a scan does more than the loop: it hashes files, before and once more when they are read, lets
only as many threads run the model as there are cores while others read, looks up 25 times a second,
and writes what was found. Nothing is measured, so that all that differs is the engine.
"""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from inspector.families import open_model
from inspector.families.model import Model
from inspector.families.network import Network
from inspector.families.running import build_network
from inspector.families.torchvision_guard import prepare_torchvision
from inspector.images.collection import list_folder
from inspector.images.preparing import prepare
from inspector.scans.passes import Pass
from inspector.scans.scanning import scan
from inspector.scans.store import Store
from inspector.scans.workers import cores

# Of the processor, and of the wall. The sample is so small that of its
# 9 ms a picture one goes into handing it from thread to thread.
BARS = {"deit_tiny_patch16_224": (1.08, 1.10), "swin sample": (1.15, 1.20)}
SAMPLE = Path(__file__).parents[2] / "resources" / "samples" / "swin_24_cxr_epoch_12.pth"
COUNT, ROUNDS = 200, 5


class Nothing:
    """A measurement of one number, whatever the picture."""

    name, taps, needs_objects = "nothing", (), False

    @property
    def settings(self):
        return {"version": 1}

    def measure(self, seen):
        return [{"one": np.ones(1, np.float32)} for _ in seen.pictures]

    def tally(self):
        return Forgetting()


class Forgetting:
    def add(self, pictures, records) -> None:
        pass

    def state(self):
        return {}

    def merge(self, state) -> None:
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """As small as those of MedMNIST, so that little of the time is the decoder's."""
    folder, random = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for number in range(COUNT):
        pixels = random.integers(0, 256, (28, 28)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03}.png")
    return folder


@pytest.fixture(params=BARS)
def running(request, tmp_path) -> Iterator[tuple[Model, Network]]:
    path = SAMPLE
    if request.param.startswith("deit"):
        prepare_torchvision()
        import timm

        torch.manual_seed(0)
        path = tmp_path / f"{request.param}.pth"
        torch.save(timm.create_model(request.param, pretrained=False).state_dict(), path)
    with open_model(path) as model:
        yield model, build_network(model)


def looped(network: Network, folder: Path) -> None:
    def run(member) -> None:
        picture = collection.read(member)
        prepared = prepare(picture, picture.default_tone(), network.preparation)
        with torch.inference_mode():
            network.module(torch.tensor(prepared.pixels)[None])

    with (
        closing(list_folder(folder)) as collection,
        # torch's number of threads belongs to the thread that it is set in.
        ThreadPoolExecutor(cores(), initializer=torch.set_num_threads, initargs=(1,)) as pool,
    ):
        list(pool.map(run, collection.members))


def scanned(model: Model, network: Network, folder: Path, root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    with closing(list_folder(folder)) as collection:
        found = scan(
            Pass(model, network, network.preparation, [Nothing()]), collection, store=Store(root)
        )
    assert found.measured["nothing"] == COUNT
    assert found.kept == 0


def seconds(action: Callable[[], object]) -> tuple[float, float]:
    """Of the processor, in all threads, and of the wall."""
    start = time.process_time(), time.perf_counter()
    action()
    return time.process_time() - start[0], time.perf_counter() - start[1]


def test_that_a_scan_takes_hardly_more_than_a_loop(running, folder, tmp_path, request):
    model, network = running
    sides = (
        lambda: scanned(model, network, folder, tmp_path / "kept"),
        lambda: looped(network, folder),
    )
    taken = np.array([[seconds(side) for side in sides] for _ in range(1 + ROUNDS)][1:])
    name = request.node.callspec.params["running"]
    ratios = np.median(taken[:, 0] / taken[:, 1], axis=0)
    for n, kind in enumerate(("processor", "wall")):
        ours, reference = np.median(taken[:, :, n], axis=0)
        sys.stdout.write(
            f"\n{name}, a scan against a loop, {kind}: ours {ours:.2f} s "
            f"({COUNT / ours:.1f} images/s), reference {reference:.2f} s, "
            f"ratio {ratios[n]:.3f}, bar {BARS[name][n]:.2f}\n"
        )
    assert (ratios <= BARS[name]).all()
