"""What is measured over a folder is the same to the last byte, however it was gone through.

Of a ViT and a Swin, by all three commands: tables and arrays of several processes, of other numbers
of images read ahead, of folders that list their files in another order, and of runs that find a
part of the records on disk, against those of one process that had nothing.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspector.cli.main import main
from tests.cli.in_turn import shuffled, without_figures
from tests.families.made import prepare_torchvision
from tests.families.running.plain import saved
from tests.families.running.swins import random_weights
from tests.tiny_models import vit_weights, write_safetensors

COMMANDS = ("optimal", "preference", "same-object")
MODELS = ("vit", "swin")
SIZES = ((16, 16), (20, 33), (41, 16), (24, 24))
NAMES = (
    *(f"{number:02d}.png" for number in range(17)),
    *("Z.png", "deep/a.png", "deep/deeper/ä.png", "same as 03.png", "aa, as 03.png"),
)
KEPT = NAMES[2:20:2]
"""What the runs that find records on disk have looked at before."""


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, list[str]]:
    """Words of each model: the checkpoint, and how many heads the plain one has."""
    prepare_torchvision()
    from timm.models.swin_transformer import SwinTransformer

    root = tmp_path_factory.mktemp("models")
    sizes = {"patch_size": 2, "window_size": 4, "embed_dim": 8, "depths": [2, 2]}
    sizes |= {"img_size": 20, "num_heads": [1, 2], "num_classes": 3}
    module = random_weights(SwinTransformer(**sizes))
    config = {"architecture": "swin_tiny_patch4_window7_224", "model_args": sizes}
    vit = write_safetensors(root / "vit.safetensors", vit_weights(width=24, depth=2))
    return {
        "vit": [str(vit), "--heads", "3"],
        "swin": [str(saved(root / "swin", module.state_dict(), config))],
    }


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """Images, of them a part, and label maps; one picture three times, one broken, one unlabelled.

    A third of the label maps is half as large as its image. One image has a single object.
    """
    root = tmp_path_factory.mktemp("pictures")
    for number, name in enumerate(NAMES):
        drawn = np.random.default_rng(3 if "03" in name else number)
        rows, columns = SIZES[3 if "03" in name else number % len(SIZES)]
        image = Image.fromarray(drawn.integers(0, 255, (rows, columns, 3), dtype=np.uint8))
        part = 1 + number % 3 // 2
        labels = np.ones((-(-rows // part), -(-columns // part)), np.uint8)
        if number != 5:
            labels[:, labels.shape[1] // 3 :] = 2
            labels[labels.shape[0] // 2 :, labels.shape[1] // 2 :] = 4
        written = {"images": image, "labels": Image.fromarray(labels)}
        if name in KEPT:
            written["part"] = image
        if number == 8:
            del written["labels"]
        for folder, picture in written.items():
            path = root / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path)
    (root / "images" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return root


def words_of(
    command: str, model: list[str], root: Path, out: Path, *more: object, images: str = "images"
) -> list[str]:
    options: dict[str, list[object]] = {
        "optimal": ["--top", 3, "--modes", "all"],
        "preference": ["--labels", root / "labels", "--pair", "1,2"],
        "same-object": ["--labels", root / "labels", "--top", 2],
    }
    place = [*model[:1], root / images, *model[1:], *options[command]]
    # Given, so that all images are squashed: of a crop some would lose an object.
    fitted = ["--fit", "squash", "--device", "cpu", "--out", out / command]
    return [*map(str, (command, *place, *fitted, *more))]


def run(command: str, model: list[str], root: Path, out: Path, *more: object, **images: str) -> int:
    with without_figures():
        return main(words_of(command, model, root, out, *more, **images))


def numbers_of(out: Path) -> dict[str, bytes]:
    """Of every table and array its bytes."""
    kinds = {".csv", ".npz"}
    return {p.name: p.read_bytes() for p in sorted(out.iterdir()) if p.suffix in kinds}


@pytest.fixture(scope="module")
def expected(models, root, tmp_path_factory) -> dict[tuple[str, str], dict[str, bytes]]:
    """What one process that reads 7 ahead and keeps nothing writes."""
    found = {}
    for name, model in models.items():
        out = tmp_path_factory.mktemp(name)
        for command in COMMANDS:
            assert run(command, model, root, out, "--batch", 7, "--no-cache") == 0
            found[name, command] = numbers_of(out / command)
    return found


@pytest.fixture(scope="module")
def kept(models, root, tmp_path_factory) -> Path:
    """A cache with the records of a part of the images."""
    cache = tmp_path_factory.mktemp("kept")
    for model in models.values():
        for command in COMMANDS:
            out = tmp_path_factory.mktemp("part")
            assert run(command, model, root, out, "--cache", cache, images="part") == 0
    return cache


def test_that_what_is_compared_is_measured(expected) -> None:
    for model in MODELS:
        best = expected[model, "optimal"]["optimal.csv"].decode().splitlines()
        assert {line.split(",")[5] for line in best[1:]} == {"0", "1", "2"}
        assert any("same as 03" in line for line in best)
        ratios = expected[model, "preference"]["images.csv"].decode().splitlines()
        objects = expected[model, "same-object"]["winners.csv"].decode().splitlines()
        assert len(ratios) > len(NAMES)
        assert len({line.rsplit(",", 2)[-1] for line in objects[1:]}) == 3
        left = expected[model, "same-object"]["left_out.csv"].decode()
        assert left.startswith("image,reason")
        assert left.count("\n") == 4


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", MODELS)
def test_that_order_on_disk_and_one_at_a_time_change_no_byte(
    models, root, expected, tmp_path, name, command
) -> None:
    with shuffled(1):
        assert run(command, models[name], root, tmp_path, "--batch", 1, "--no-cache") == 0
    assert numbers_of(tmp_path / command) == expected[name, command]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", MODELS)
def test_that_records_from_disk_change_no_byte(
    models, root, expected, kept, tmp_path, capsys, name, command
) -> None:
    more = ("--batch", 64, "--cache", kept)
    assert run(command, models[name], root, tmp_path, *more) == 0
    assert "were measured before" in capsys.readouterr().out
    assert numbers_of(tmp_path / command) == expected[name, command]


@pytest.mark.parametrize(("ranks", "batch", "found"), [(2, 64, False), (3, 1, True)])
def test_that_several_processes_change_no_byte(
    models, root, expected, kept, tmp_path, ranks, batch, found
) -> None:
    """Every process lists the files in an order of its own."""
    keeping = ("--cache", kept) if found else ("--no-cache",)
    commands = [
        words_of(command, model, root, tmp_path / name, "--batch", batch, *keeping)
        for name, model in models.items()
        for command in COMMANDS
    ]
    (tmp_path / "commands.json").write_text(json.dumps(commands))
    launched = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks)]
    done = subprocess.run(
        [sys.executable, "-m", *launched, "-m", "tests.cli.in_turn", tmp_path / "commands.json"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    for name in models:
        for command in COMMANDS:
            assert numbers_of(tmp_path / name / command) == expected[name, command], name
