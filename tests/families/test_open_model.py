"""From a file to a model: the real files, and that a refusal leaves nothing open."""

import numpy as np
import pytest

from inspector.core.address import Address
from inspector.core.errors import BadCheckpoint, BadRequest, UnknownModel
from inspector.core.outline import Matrix
from inspector.families import open_model
from tests.families import shapes
from tests.families.made import prepare_torchvision

DEIT = "weights/deit_tiny_patch16_224.fb_in1k"


def test_that_the_real_deit_is_opened_from_both_of_its_files(shared_data) -> None:
    files = sorted((shared_data / DEIT).glob("*.safetensors")) + sorted(
        (shared_data / DEIT).glob("*.pth")
    )
    assert len(files) == 2
    weights = []
    for file in files:
        with open_model(file) as model:
            outline = model.outline
            assert (outline.source, outline.depth, outline.parameters) == ("timm", 12, 5_717_416)
            assert (outline.num_classes, outline.patch_size) == (1000, (16, 16))
            assert [b.num_heads for b in outline.blocks()] == [3] * 12
            assert outline.unplaced == ()
            weights.append(np.array(model.weight(Address(0, 11), Matrix.K)))
    assert weights[0].shape == (192, 192)
    assert np.array_equal(*weights)


def test_that_the_fine_tuned_files_are_opened_with_their_two_classes(shared_data) -> None:
    files = sorted((shared_data / "weights/deit_tiny_pneumoniamnist").glob("*.pth"))
    assert files
    for file in files:
        with open_model(file) as model:
            assert (model.outline.depth, model.outline.num_classes) == (12, 2)
            bias = model.bias(Address(0, 3), Matrix.V)
            assert bias is not None
            assert bias.shape == (192,)


def test_that_every_file_that_holds_no_vision_transformer_is_refused(shared_data) -> None:
    files = [p for p in (shared_data / "containers").rglob("*") if p.is_file()]
    assert len(files) > 20
    for file in files:
        with pytest.raises((BadCheckpoint, UnknownModel)):
            open_model(file)


def test_that_the_matrices_of_a_file_are_those_that_were_saved(tmp_path) -> None:
    from safetensors.numpy import save_file

    random = np.random.default_rng(0)
    state = {
        name: random.normal(size=shape).astype(np.float32)
        for name, shape in shapes.timm_vit(d=24, classes=5).items()
    }
    save_file(state, tmp_path / "model.safetensors")
    with open_model(tmp_path / "model.safetensors", heads=3) as model:
        fused = state["blocks.1.attn.qkv.weight"]
        assert np.array_equal(model.weight(Address(0, 1), Matrix.V), fused[48:])
        assert np.array_equal(
            model.bias(Address(0, 1), Matrix.K), state["blocks.1.attn.qkv.bias"][24:48]
        )
        assert model.card("A").assumed == ()


def test_that_a_folder_of_hugging_face_tells_the_heads(tmp_path) -> None:
    prepare_torchvision()
    import transformers

    sizes = transformers.ViTConfig(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=8,
        intermediate_size=64,
        image_size=32,
        patch_size=8,
    )
    transformers.ViTForImageClassification(sizes).save_pretrained(tmp_path)
    with open_model(tmp_path) as model:
        assert model.outline.stages[0].blocks[0].num_heads == 8
        assert model.outline.assumed == ()


@pytest.mark.parametrize("heads", [None, 7])
def test_that_a_refused_file_is_closed(tmp_path, monkeypatch, heads) -> None:
    from safetensors.numpy import save_file

    from inspector import families

    state = shapes.timm_vit(d=24) if heads else {"fc.weight": (3, 3)}
    save_file({n: np.zeros(s, np.float32) for n, s in state.items()}, tmp_path / "m.safetensors")
    opened, closed = [], []
    genuine = families.open_checkpoint

    def watched(*arguments, **named):
        opened.append(genuine(*arguments, **named))
        monkeypatch.setattr(
            type(opened[0]), "close", lambda self: closed.append(self) or self.close_files()
        )
        return opened[0]

    monkeypatch.setattr(families, "open_checkpoint", watched)
    with pytest.raises(BadRequest if heads else UnknownModel):
        open_model(tmp_path / "m.safetensors", heads=heads)
    assert closed == opened
