"""What is not run is refused in words, and what is assumed is said."""

import importlib
import pkgutil

import numpy as np
import pytest
import torch

from inspector.core.errors import CannotRun
from inspector.families import architectures, open_model
from inspector.families.architecture import Architecture
from inspector.families.architectures import ARCHITECTURES
from inspector.families.running import build_network
from inspector.families.torchvision_guard import prepare_torchvision
from tests.families.running.plain import opened, pixels_of, placement_of, randomised, run, saved
from tests.families.shapes import mmpretrain_vit, monai_vit, timm_vit

SIZES = {"img_size": 16, "patch_size": 4, "embed_dim": 24, "depth": 2, "num_heads": 3}


def weights(shapes, *, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {n: 0.1 * torch.randn(shape, generator=generator) for n, shape in shapes.items()}


def vit(**arguments) -> dict[str, torch.Tensor]:
    prepare_torchvision()
    from timm.models.vision_transformer import VisionTransformer

    module = VisionTransformer(**{**SIZES, "num_classes": 4, **arguments})
    return dict(randomised(module).state_dict())


def refusal(folder, state, *, heads: int | None = None, config=None) -> CannotRun:
    with (
        open_model(saved(folder, state, config), heads=heads) as model,
        pytest.raises(CannotRun) as caught,
    ):
        build_network(model)
    assert "weights can still be looked at" in caught.value.advice
    return caught.value


def test_that_every_architecture_of_the_folder_is_registered() -> None:
    for found in pkgutil.iter_modules(architectures.__path__):
        module = importlib.import_module(f"{architectures.__name__}.{found.name}")
        assert isinstance(module.ARCHITECTURE, Architecture)
        assert module.ARCHITECTURE in ARCHITECTURES, found.name
    assert len({a.name for a in ARCHITECTURES}) == len(ARCHITECTURES)


def test_that_a_tensor_without_a_role_in_the_backbone_is_refused(tmp_path) -> None:
    state = {**vit(), "blocks.1.attn.gate.weight": torch.zeros(24, 24)}
    assert "“blocks.1.attn.gate.weight”" in refusal(tmp_path, state, heads=3).message


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("decoder_blocks.0.norm1.weight", True),
        ("mask_decoder.w", True),
        ("head.mlp.0.weight", True),
        ("cls_head.fc.weight", True),
        ("head_dist2.weight", True),
        ("auxiliary_head.conv.weight", True),
        ("neck.0.weight", True),
        ("queue", True),
        ("cls_pos_embed", False),
        ("norm_extra.weight", False),
        ("linear_attention.weight", False),
        ("patch_embed.stem.weight", False),
        ("rope.freqs", False),
        ("overhead.weight", False),
    ],
)
def test_what_may_stand_beside_a_backbone(tmp_path, name, beside) -> None:
    state = {**vit(), name: torch.zeros(4, 4)}
    if beside:
        _, network = opened(saved(tmp_path, state), heads=3)
        assert any(f"“{name}”: not used" in note for note in network.notes)
    else:
        assert f"“{name}”" in refusal(tmp_path, state, heads=3).message


def test_that_a_role_that_the_architecture_lacks_is_refused(tmp_path) -> None:
    state = {**vit(), **{f"blocks.{n}.attn.temperature": torch.ones(3, 1, 1) for n in (0, 1)}}
    message = refusal(tmp_path, state, heads=3).message
    assert "timm VisionTransformer has no place for" in message
    assert "S0 B0 temperature" in message


def test_that_a_block_that_lacks_what_the_others_have_is_refused(tmp_path) -> None:
    state = vit()
    del state["blocks.1.norm2.bias"]
    assert "“blocks.1.norm2.bias”" in refusal(tmp_path, state, heads=3).message


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("blocks.1.mlp.fc1.weight", np.inf), ("blocks.0.norm2.bias", np.nan), ("pos_embed", np.nan)],
)
def test_that_weights_that_are_no_numbers_are_refused_by_their_tensor(
    tmp_path, name, wrong
) -> None:
    state = vit()
    state[name].view(-1)[5] = wrong
    assert f"“{name}”" in refusal(tmp_path, state).message


def test_that_a_classifier_of_no_numbers_stands_in_nobodys_way(tmp_path) -> None:
    state = vit()
    state["head.weight"][0, 0] = np.nan
    with open_model(saved(tmp_path, state)) as model:
        assert build_network(model).blocks


def test_that_a_model_without_mlps_is_refused(tmp_path) -> None:
    state = {name: tensor for name, tensor in vit().items() if "mlp" not in name}
    assert "no “mlp.in.weight”" in refusal(tmp_path, state, heads=3).message


def test_that_volumes_are_refused(tmp_path) -> None:
    assert "volumes" in refusal(tmp_path, weights(monai_vit(depth=1, d=96)), heads=2).message


def test_that_five_channels_are_refused(tmp_path) -> None:
    assert "5 channels" in refusal(tmp_path, vit(in_chans=5), heads=3).message


def test_that_tokens_without_an_embedding_are_refused(tmp_path) -> None:
    state = {name: tensor for name, tensor in vit().items() if not name.startswith("patch_embed")}
    assert "no way in for an image" in refusal(tmp_path, state, heads=3).message


def test_that_positions_of_an_unknown_grid_are_refused_and_a_configuration_helps(tmp_path) -> None:
    state = vit(img_size=(16, 12))
    error = refusal(tmp_path / "alone", state, heads=3)
    assert "13 rows" in error.message
    assert "config.json" in error.advice
    config = {"architecture": "vit", "model_args": {"img_size": [16, 12], "num_heads": 3}}
    _, network = opened(saved(tmp_path / "told", state, config))
    pixels = pixels_of(16, 12)
    assert network.grid_of(network.blocks[0].address, placement_of(pixels)).shape == (4, 3)


def test_that_an_encoder_of_torch_is_refused_for_what_it_does_not_tell(tmp_path) -> None:
    layer = torch.nn.TransformerEncoderLayer(24, 3, 40, batch_first=True)
    encoder = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    state = {f"encoder.{n}": t.clone() for n, t in encoder.state_dict().items()}
    state["patch_embed.weight"] = torch.zeros(24, 3, 4, 4)
    assert "norms stand" in refusal(tmp_path, state, heads=3).message


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("xcit_nano_12_p16_224", "between channels"),
        ("cait_xxs24_224", "mixes its heads"),
        ("convit_tiny", "gates"),
        ("samvit_base_patch16", "relative positions"),
        ("pvt_v2_b0", "stages of its own kind"),
        ("vit_relpos_small_patch16_224", "no embedding of positions"),
        ("vit_small_patch16_rope_224", "rotary"),
        ("vit_medium_patch16_rope_reg1_gap_256", "does not tell its form"),
        ("vit_pe_core_base_patch16_224", "Perception Encoder"),
        ("vit_pe_spatial_tiny_patch16_512", "no norm behind its last block"),
        ("naflexvit_base_patch16_gap", "4 axes"),
        ("vit_base_mci_224", "patch_embed.backbone"),
        ("aimv2_large_patch14_224", "norms without a mean"),
    ],
)
def test_that_models_that_compute_otherwise_are_refused(name, said) -> None:
    from inspector.families import recognise
    from inspector.families.model import Model
    from tests.families.made import checkpoint_of, timm_shapes

    checkpoint = checkpoint_of(timm_shapes(name))
    model = Model(checkpoint, recognise(checkpoint))
    with pytest.raises(CannotRun, match=said):
        build_network(model)


def test_that_a_rotary_embedding_that_only_the_name_tells_is_not_left_out(tmp_path) -> None:
    """timm's rope_ape models have the tensors of a plain ViT."""
    config = {"architecture": "vit_small_patch16_rope_ape_224", "model_args": {"num_heads": 3}}
    assert "rotary" in refusal(tmp_path, vit(), config=config).message


def test_that_what_was_assumed_is_said(tmp_path) -> None:
    _, network = opened(saved(tmp_path, vit()))
    assert any("number of heads" in note for note in network.notes)
    assert any("epsilon of the norms: 1e-06 was assumed" in note for note in network.notes)
    assert any("16 × 16 pixels the position embedding is interpolated" in n for n in network.notes)


def test_that_a_configuration_goes_before_what_is_usual(tmp_path) -> None:
    """One weight, two configurations, two outputs: each as its own settings say."""
    outputs = []
    for eps, act in ((1e-6, "gelu"), (1e-1, "gelu"), (1e-6, "relu")):
        config = {
            "model_type": "vit",
            "num_attention_heads": 3,
            "layer_norm_eps": eps,
            "hidden_act": act,
        }
        _, network = opened(saved(tmp_path / f"{eps}{act}", vit(), config))
        assert not any("assumed" in note for note in network.notes)
        assert network.blocks[0].norm.eps == eps
        outputs.append(run(network, pixels_of(16, 16)).output)
    assert float((outputs[0] - outputs[1]).abs().max()) > 1e-3
    assert float((outputs[0] - outputs[2]).abs().max()) > 1e-3


def test_that_detectors_necks_do_not_stand_in_the_way(tmp_path) -> None:
    shapes = {n: s for n, s in mmpretrain_vit(depth=1, d=24).items() if not n.startswith("head")}
    shapes["backbone.patch_embed.projection.weight"] = (24, 3, 4, 4)
    shapes["backbone.pos_embed"] = (1, 17, 24)
    shapes |= {"neck.convs.0.weight": (8, 24, 1, 1), "decode_head.conv_seg.weight": (2, 8, 1, 1)}
    _, network = opened(saved(tmp_path, weights(shapes)), heads=3)
    assert any("“neck.convs.0.weight”" in note for note in network.notes)


def test_that_the_file_may_be_closed_and_gone(tmp_path) -> None:
    with open_model(saved(tmp_path, vit()), heads=3) as model:
        network = build_network(model)
    (tmp_path / "model.safetensors").unlink()
    assert bool(torch.isfinite(run(network, pixels_of(16, 16)).output).all())


def test_that_half_precision_files_run_in_single(tmp_path) -> None:
    state = vit()
    half = {name: tensor.to(torch.bfloat16) for name, tensor in state.items()}
    _, network = opened(saved(tmp_path, half), heads=3)
    assert {p.dtype for p in network.module.parameters()} == {torch.float32}
    expected = half["blocks.0.attn.qkv.weight"].float()
    assert torch.equal(network.blocks[0].module.attn.qkv.weight, expected)


def test_that_building_reads_every_weight_from_the_file(tmp_path) -> None:
    state = vit()
    _, network = opened(saved(tmp_path, state), heads=3)
    held = network.module.state_dict()
    assert held.keys() == state.keys()
    assert all(torch.equal(held[name], tensor) for name, tensor in state.items())


def test_that_a_timm_vit_of_shapes_alone_has_sizes(tmp_path) -> None:
    state = {n: np.zeros(s, np.float32) for n, s in timm_vit(depth=1, d=24, patch=16).items()}
    tensors = {n: torch.from_numpy(a) for n, a in state.items()}
    _, network = opened(saved(tmp_path, tensors), heads=3)
    assert network.preparation.size == (224, 224)
