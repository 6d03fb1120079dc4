"""Files as torch saves them, where what is in them decides what may be said of the model."""

from pathlib import Path

import pytest
import torch

from inspector.core.errors import BadCheckpoint, UnknownModel
from inspector.families import open_model
from tests.families.made import prepare_torchvision


def vit(**settings: int) -> torch.nn.Module:
    prepare_torchvision()
    from timm.models.vision_transformer import VisionTransformer

    sizes = {"img_size": 32, "patch_size": 8, "embed_dim": 48, "depth": 2, "num_classes": 3}
    return VisionTransformer(**{**sizes, **settings})


def test_that_a_whole_module_tells_its_heads(tmp_path: Path) -> None:
    path = tmp_path / "whole.pth"
    for content in (vit(num_heads=6), {"model": vit(num_heads=6), "epoch": 3}):
        torch.save(content, path)
        with open_model(path) as model:
            assert [block.num_heads for block in model.outline.blocks()] == [6, 6]
            assert model.outline.assumed == ()


def test_that_modules_of_different_heads_tell_nothing(tmp_path: Path) -> None:
    path = tmp_path / "whole.pth"
    torch.save({"model": vit(num_heads=6), "other": vit(num_heads=4)}, path)
    with open_model(path) as model:
        assert len(model.outline.assumed) == 1


def test_that_quantised_weights_are_said_to_be_quantised(tmp_path: Path) -> None:
    state = vit(num_heads=4).state_dict()
    path = tmp_path / "int8.pth"
    small = {n: (t * 50).to(torch.int8) if t.ndim == 2 else t for n, t in state.items()}
    torch.save(small, path)
    with pytest.raises(UnknownModel, match="quantised") as caught:
        open_model(path)
    assert "quantised from" in caught.value.advice


def test_that_tensors_that_were_all_shared_out_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "zero3.pth"
    torch.save({"module": {n: torch.empty(0) for n in vit(num_heads=4).state_dict()}}, path)
    with pytest.raises(BadCheckpoint, match="ZeRO-3"):
        open_model(path)


def test_that_a_shard_opened_alone_is_said_to_be_one(tmp_path: Path) -> None:
    state = vit(num_heads=4).state_dict()
    first = {n: t for n, t in state.items() if not n.startswith("blocks.1.")}
    path = tmp_path / "pytorch_model-00001-of-00002.bin"
    torch.save(first, path)
    with open_model(path) as model:
        assert any("part 1 of 2" in note for note in model.checkpoint.notes)
