"""How images are prepared: as the checkpoint's configuration says, else as its family has them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inspector.core.preparation import Preparation
from inspector.families import open_model, recognise
from inspector.families.model import Model
from inspector.families.preparation import default_preparation
from tests.families.made import checkpoint_of
from tests.families.shapes import (
    facebook_dinov3,
    flax_vit,
    mmpretrain_vit,
    monai_vit,
    openai_clip,
    timm_vit,
)
from tests.tiny_models import vit_weights, write_safetensors

HALF = (0.5, 0.5, 0.5)
IMAGENET = (0.485, 0.456, 0.406)
CLIP = (0.48145466, 0.4578275, 0.40821073)


def preparation(
    shapes, *, config: dict[str, Any] | None = None, name: str = "m.pth"
) -> Preparation:
    checkpoint = checkpoint_of(shapes, config=config, name=name)
    return default_preparation(Model(checkpoint, recognise(checkpoint)))


def with_preprocessor(folder: Path, content: dict[str, Any] | str) -> Preparation:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "preprocessor_config.json").write_text(text)
    return preparation(timm_vit(depth=1), name=str(folder / "model.safetensors"))


def test_that_nothing_told_is_the_familys_default_and_says_so() -> None:
    found = preparation(timm_vit(depth=1))
    assert (found.size, found.fit, found.crop_share) == ((224, 224), "crop", 0.9)
    assert (found.mean, found.std, found.interpolation) == (HALF, HALF, "bicubic")
    assert found.source == "default of ViT"
    assert found.multiple == 16


@pytest.mark.parametrize(
    ("name", "mean", "source"),
    [
        ("deit_tiny.pth", IMAGENET, "default of DeiT, as “deit_tiny.pth” is called"),
        ("dino_deitsmall16.pth", IMAGENET, "default of DeiT, as"),
        ("dino_vitbase16.pth", IMAGENET, "default of DINO, as"),
        ("mae_pretrain.pth", IMAGENET, "default of MAE, as"),
        ("maestro.pth", HALF, "default of ViT"),
        ("vit.augreg_in21k.pth", HALF, "default of ViT"),
        ("deit_folder/epoch_3.pth", IMAGENET, "default of DeiT, as “deit_folder” is called"),
    ],
)
def test_that_a_plain_model_is_prepared_as_its_file_is_called(name, mean, source) -> None:
    found = preparation(timm_vit(depth=1), name=name)
    assert found.mean == mean
    assert found.source.startswith(source)


@pytest.mark.parametrize(
    ("shapes", "mean", "fit", "share", "size"),
    [
        (openai_clip(depth=1), CLIP, "crop", 1.0, (224, 224)),
        (flax_vit(depth=1), HALF, "squash", 1.0, (224, 224)),
        (mmpretrain_vit(depth=1), IMAGENET, "crop", 0.875, (224, 224)),
        (facebook_dinov3(depth=1), IMAGENET, "crop", 1.0, (224, 224)),
        (timm_vit(depth=1) | {"pos_embed": (1, 577, 192)}, HALF, "crop", 0.9, (384, 384)),
    ],
)
def test_that_families_and_sizes_are_their_own(shapes, mean, fit, share, size) -> None:
    found = preparation(shapes)
    assert (found.mean, found.fit, found.crop_share) == (mean, fit, share)
    assert found.size == size


def test_that_a_model_that_cannot_be_run_still_has_one() -> None:
    assert preparation(monai_vit(depth=1)).size == (224, 224)


def test_that_hugging_faces_squash_is_read(tmp_path) -> None:
    found = with_preprocessor(
        tmp_path,
        {
            "size": {"height": 384, "width": 320},
            "resample": 2,
            "image_mean": [0.1, 0.2, 0.3],
            "image_std": [0.4, 0.5, 0.6],
            "do_resize": True,
        },
    )
    assert (found.size, found.fit, found.interpolation) == ((384, 320), "squash", "bilinear")
    assert (found.mean, found.std) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    assert found.source == "preprocessor_config.json beside the weights"


@pytest.mark.parametrize(
    ("size", "processor", "fit"),
    [
        ({"shortest_edge": 256}, "BitImageProcessor", "crop"),
        (256, "CLIPFeatureExtractor", "crop"),
        (256, "DeiTFeatureExtractor", "squash"),
        ({"height": 256, "width": 256}, "DeiTImageProcessor", "squash"),
    ],
)
def test_that_hugging_faces_crop_is_read(tmp_path, size, processor, fit) -> None:
    """A size of two numbers, or of a square, is that of both sides, whatever the aspect."""
    content = {"size": size, "do_center_crop": True, "crop_size": 224, "resample": 3}
    found = with_preprocessor(tmp_path, {**content, "image_processor_type": processor})
    share = found.crop_share if fit == "crop" else found.squash_share
    assert (found.size, found.fit, share) == ((224, 224), fit, 0.875)
    assert found.mean == HALF
    assert found.rounds_down


def test_that_the_file_that_tells_it_is_among_those_that_were_read(tmp_path) -> None:
    write_safetensors(tmp_path / "model.safetensors", vit_weights())
    beside = tmp_path / "preprocessor_config.json"
    with open_model(tmp_path / "model.safetensors") as model:
        assert beside not in model.checkpoint.files
    beside.write_text(json.dumps({"size": 16, "image_mean": HALF, "image_std": HALF}))
    with open_model(tmp_path / "model.safetensors") as model:
        assert beside in model.checkpoint.files
        assert default_preparation(model).size == (16, 16)


def test_that_no_normalising_is_none(tmp_path) -> None:
    found = with_preprocessor(
        tmp_path, {"size": 224, "do_normalize": False, "image_mean": [0.5], "image_std": [0.5]}
    )
    assert (found.mean, found.std) == ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        '{"size": {"height": -3, "width": "a"}, "image_mean": [1, 2], "image_std": "x"}',
        '{"size": 224, "image_mean": [0, 0, 0], "image_std": [0, 0, 0]}',
        '{"size": 99999999, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]}',
        '{"size": true, "resample": [3], "crop_pct": "no", "image_mean": [NaN, 0, 0]}',
        '{"size": 224, "resample": {"a": 1}}',
        '{"size": 224, "image_mean": [%s, 0, 0], "image_std": [Infinity, 1, 1]}' % ("9" * 400),
    ],
)
def test_that_a_strange_configuration_is_passed_by(tmp_path, content) -> None:
    found = with_preprocessor(tmp_path, content)
    assert found.size == (224, 224)
    assert (found.mean, found.std) == (HALF, HALF)


def test_that_timms_own_configuration_is_read() -> None:
    config = {
        "architecture": "vit_tiny_patch16_384",
        "pretrained_cfg": {
            "input_size": [3, 384, 384],
            "interpolation": "bilinear",
            "crop_pct": 0.95,
            "crop_mode": "squash",
            "mean": [0.1, 0.2, 0.3],
            "std": [0.9, 0.8, 0.7],
        },
    }
    found = preparation(timm_vit(depth=1), config={"timm": config})
    assert (found.size, found.fit, found.squash_share) == ((384, 384), "squash", 0.95)
    assert not found.rounds_down
    assert (found.mean, found.std) == ((0.1, 0.2, 0.3), (0.9, 0.8, 0.7))
    assert found.interpolation == "bilinear"
    assert "timm" in found.source


def test_that_open_clips_configuration_is_read() -> None:
    config = {
        "model_cfg": {"vision_cfg": {"image_size": 224, "patch_size": 32}},
        "preprocess_cfg": {"mean": HALF, "std": HALF, "size": 256, "resize_mode": "longest"},
    }
    found = preparation(openai_clip(depth=1), config={"open_clip": config})
    assert (found.size, found.fit, found.mean) == ((256, 256), "pad", HALF)
    assert found.source.startswith(
        "open_clip_config.json beside the weights, which pads all around"
    )


def test_that_a_stored_configurations_mean_is_of_values_up_to_255() -> None:
    told = {"mean": [123.675, 116.28, 103.53], "std": [51.0, 51.0, 51.0]}
    for config in ({"data_preprocessor": told}, {"model": {"data_preprocessor": told}}):
        found = preparation(mmpretrain_vit(depth=1), config={"mmengine": config})
        assert found.mean == pytest.approx(IMAGENET)
        assert found.std == pytest.approx((0.2, 0.2, 0.2))
        assert found.source == "configuration stored in the checkpoint"


def test_that_one_mean_stands_for_three_channels() -> None:
    config = {"architecture": "vit", "pretrained_cfg": {"mean": [0.5], "std": [0.25]}}
    found = preparation(timm_vit(depth=1), config={"timm": config})
    assert (found.mean, found.std) == (HALF, (0.25, 0.25, 0.25))


def test_that_it_is_told_without_torch() -> None:
    code = (
        "import sys, inspector.families.preparation\n"
        "assert not {'torch', 'timm', 'torchvision'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
