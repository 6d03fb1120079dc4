"""One model under the names of every code base runs as the code base itself, or as its twin."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from inspector.families import open_model
from inspector.families.running import build_network
from inspector.families.torchvision_guard import prepare_torchvision
from tests.families.running.plain import (
    assert_close,
    assert_same_residuals,
    assert_sound,
    opened,
    pixels_of,
    randomised,
    residuals_of,
    saved,
)
from tests.reference.clip_tower import QuickGELU, VisionTower

SIZES = {"img_size": 16, "patch_size": 4, "embed_dim": 24, "depth": 3, "num_heads": 3}


def twin(name: str = "vit_small_patch16_224", **arguments):
    """timm's model with the weights that are written under other names."""
    prepare_torchvision()
    import timm

    given = {"num_classes": 7, **SIZES, **arguments}
    return randomised(timm.create_model(name, pretrained=False, **given), seed=4)


def assert_runs_as(original, folder, *, heads: int | None = 3, output=None):
    """Residuals and output of the file's model are those of the original."""
    model, network = opened(folder, heads=heads)
    pixels = pixels_of(16, 16)
    expected, result = residuals_of(original.blocks, partial(original, pixels))
    found = assert_sound(network, pixels)
    assert_same_residuals(found, expected)
    assert_close(found.output, result if output is None else output(pixels), "output")
    return model, network


def renamed(state: dict[str, Tensor], names: dict[str, str], prefix: str = "") -> dict[str, Tensor]:
    """The same tensors; every piece of a name is replaced as the table says, in its order."""
    found = {}
    for name, tensor in state.items():
        for old, new in names.items():
            name = name.replace(old, new)
        found[prefix + name] = tensor
    return found


def test_that_torchvisions_vit_runs_as_its_own(tmp_path) -> None:
    prepare_torchvision()
    from torchvision.models import VisionTransformer

    original = randomised(VisionTransformer(16, 4, 3, 3, 24, 40, num_classes=5), seed=1)
    saved(tmp_path, original.state_dict())
    model, network = opened(tmp_path, heads=3)
    assert model.outline.source == "torchvision"
    pixels = pixels_of(16, 16)
    expected, output = residuals_of(original.encoder.layers, partial(original, pixels))
    found = assert_sound(network, pixels)
    assert_same_residuals(found, expected)
    assert_close(found.output, output, "logits")


@pytest.mark.parametrize("pool", ["cls", "mean"])
def test_that_vit_pytorch_runs_as_its_own(tmp_path, pool) -> None:
    """Heads that together are wider than the tokens, norms before and behind the patches."""
    prepare_torchvision()
    from vit_pytorch import ViT

    sizes = {"dim": 24, "depth": 2, "heads": 3, "mlp_dim": 40, "dim_head": 16}
    original = ViT(image_size=(16, 12), patch_size=4, num_classes=5, pool=pool, **sizes)
    original = randomised(original, seed=2)
    state = original.state_dict()
    if pool == "mean":
        del state["cls_token"]
    config = {"model_type": "vit", "image_size": [16, 12], "num_attention_heads": 3}
    saved(tmp_path, state, config)
    model, network = opened(tmp_path)
    assert model.outline.source == "vit-pytorch"
    pixels = pixels_of(16, 12)
    with torch.no_grad():
        expected = original(pixels)
    found = assert_sound(network, pixels)
    assert_close(found.output, expected, "logits")
    assert found.blocks[network.blocks[0].address].grid.shape == (4, 3)


@pytest.mark.parametrize(("activation", "quick"), [(QuickGELU, True), (torch.nn.GELU, False)])
def test_that_openais_clip_runs_as_its_own(tmp_path, activation, quick) -> None:
    original = randomised(VisionTower(16, 4, 24, 3, 3, 10, activation), seed=3)
    state = {f"visual.{name}": tensor for name, tensor in original.state_dict().items()}
    saved(tmp_path, state)
    tower = {"image_size": 16, "width": 24, "patch_size": 4, "heads": 3}
    config = f'{{"model_cfg": {{"quick_gelu": {str(quick).lower()}, "vision_cfg": {tower}}}}}'
    (tmp_path / "open_clip_config.json").write_text(config.replace("'", '"'))
    model, network = opened(tmp_path, heads=3)
    assert model.outline.source == "OpenAI CLIP"
    pixels = pixels_of(16, 16)
    with torch.no_grad():
        expected = original(pixels)
    assert_close(assert_sound(network, pixels).output, expected, "embedding")


def test_that_without_a_configuration_clip_is_openais_and_says_so(tmp_path) -> None:
    original = randomised(VisionTower(16, 4, 24, 3, 3, 10, QuickGELU), seed=3)
    saved(tmp_path, {f"visual.{n}": t for n, t in original.state_dict().items()})
    _, network = opened(tmp_path, heads=3)
    pixels = pixels_of(16, 16)
    with torch.no_grad():
        expected = original(pixels)
    assert_close(assert_sound(network, pixels).output, expected, "embedding")
    assert any("quick GELU was assumed" in note for note in network.notes)


MMPRETRAIN = {
    "patch_embed.proj.": "patch_embed.projection.",
    "norm1.": "ln1.",
    "norm2.": "ln2.",
    "mlp.fc1.": "ffn.layers.0.0.",
    "mlp.fc2.": "ffn.layers.1.",
    "blocks.": "backbone.layers.",
    "head.": "head.layers.head.",
}
MONAI = {
    "patch_embed.proj.": "patch_embedding.patch_embeddings.",
    "pos_embed": "patch_embedding.position_embeddings",
    "attn.proj.": "attn.out_proj.",
    "mlp.fc1.": "mlp.linear1.",
    "mlp.fc2.": "mlp.linear2.",
}


def test_that_mmpretrains_vit_runs(tmp_path) -> None:
    original = twin()
    state = renamed(original.state_dict(), MMPRETRAIN)
    outer = ("cls_token", "pos_embed", "patch_embed", "norm.")
    state = {f"backbone.{n}" if n.startswith(outer) else n: t for n, t in state.items()}
    state = {n.replace("backbone.norm.", "backbone.ln1."): t for n, t in state.items()}
    model, _ = assert_runs_as(original, saved(tmp_path, state))
    assert model.outline.source == "MMPretrain"


@pytest.mark.parametrize(
    ("name", "arguments", "family"),
    [
        ("vit_giant_patch14_dinov2", {"num_classes": 0}, "DINOv2"),
        ("beit_base_patch16_224", {"num_classes": 0, "init_values": 0.1}, "BEiT"),
        ("deit_small_distilled_patch16_224", {}, "DeiT"),
    ],
)
def test_that_mmpretrains_other_families_run(tmp_path, name, arguments, family) -> None:
    original = twin(name, **arguments)
    names = MMPRETRAIN | {
        "mlp.fc1.": "ffn.w12." if family == "DINOv2" else "ffn.layers.0.0.",
        "mlp.fc2.": "ffn.w3." if family == "DINOv2" else "ffn.layers.1.",
        "ls1.gamma": "attn.gamma1.weight",
        "ls2.gamma": "ffn.gamma2.weight",
        "head_dist.": "head.layers.head_dist.",
    }
    state = renamed(original.state_dict(), names)
    state = {n if n.startswith("head.") else f"backbone.{n}": t for n, t in state.items()}
    state = {n.replace("backbone.backbone.", "backbone."): t for n, t in state.items()}
    last = {"backbone.norm.": "backbone.ln1.", "backbone.fc_norm.": "backbone.ln2."}
    model, _ = assert_runs_as(original, saved(tmp_path, renamed(state, last)))
    assert (model.outline.source, model.outline.family) == ("MMPretrain", family)


def test_that_monais_vit_for_pictures_runs(tmp_path) -> None:
    original = twin(
        qkv_bias=False, class_token=False, global_pool="avg", fc_norm=False, num_classes=0
    )
    for norm in [m for m in original.modules() if isinstance(m, torch.nn.LayerNorm)]:
        norm.eps = 1e-5
    state = renamed(original.state_dict(), MONAI, "vit.")
    model, _ = assert_runs_as(original, saved(tmp_path, state))
    assert model.outline.source == "MONAI"


def flax_arrays(state: dict[str, Tensor], heads: int) -> dict[str, np.ndarray]:
    """The arrays of a ``.npz`` of Google's: kernels (in, out), those of attention by heads."""
    arrays = {
        "cls": state["cls_token"],
        "embedding/kernel": state["patch_embed.proj.weight"].permute(2, 3, 1, 0),
        "embedding/bias": state["patch_embed.proj.bias"],
        "Transformer/posembed_input/pos_embedding": state["pos_embed"],
        "Transformer/encoder_norm/scale": state["norm.weight"],
        "Transformer/encoder_norm/bias": state["norm.bias"],
        "head/kernel": state["head.weight"].T,
        "head/bias": state["head.bias"],
    }
    width = state["norm.weight"].numel()
    depth = len({n.split(".")[1] for n in state if n.startswith("blocks.")})
    for block in range(depth):
        to, of = f"Transformer/encoderblock_{block}", f"blocks.{block}"
        attention = f"{to}/MultiHeadDotProductAttention_1"
        weights = state[f"{of}.attn.qkv.weight"].chunk(3)
        biases = state[f"{of}.attn.qkv.bias"].chunk(3)
        for word, weight, bias in zip(("query", "key", "value"), weights, biases, strict=True):
            arrays[f"{attention}/{word}/kernel"] = weight.T.reshape(width, heads, -1)
            arrays[f"{attention}/{word}/bias"] = bias.reshape(heads, -1)
        out = state[f"{of}.attn.proj.weight"].T.reshape(heads, -1, width)
        arrays |= {f"{attention}/out/kernel": out}
        arrays |= {f"{attention}/out/bias": state[f"{of}.attn.proj.bias"]}
        for number, norm in ((0, "norm1"), (2, "norm2")):
            arrays[f"{to}/LayerNorm_{number}/scale"] = state[f"{of}.{norm}.weight"]
            arrays[f"{to}/LayerNorm_{number}/bias"] = state[f"{of}.{norm}.bias"]
        for number, layer in ((0, "fc1"), (1, "fc2")):
            arrays[f"{to}/MlpBlock_3/Dense_{number}/kernel"] = state[f"{of}.mlp.{layer}.weight"].T
            arrays[f"{to}/MlpBlock_3/Dense_{number}/bias"] = state[f"{of}.mlp.{layer}.bias"]
    return {name: tensor.numpy() for name, tensor in arrays.items()}


def test_that_flax_arrays_run(tmp_path) -> None:
    original = twin()
    path = tmp_path / "vit.npz"
    np.savez(path, **flax_arrays(original.state_dict(), heads=3))
    model, _ = assert_runs_as(original, path, heads=None)
    assert model.outline.source == "Flax ViT"


def test_that_flax_arrays_with_a_hidden_layer_before_the_classifier_run(tmp_path) -> None:
    original = twin()
    arrays = flax_arrays(original.state_dict(), heads=3)
    random = np.random.default_rng(0)
    kernel = random.normal(0, 0.2, (24, 24)).astype(np.float32)
    bias = random.normal(0, 0.2, 24).astype(np.float32)
    np.savez(
        tmp_path / "vit.npz", **arrays, **{"pre_logits/kernel": kernel, "pre_logits/bias": bias}
    )

    def logits(pixels: Tensor) -> Tensor:
        token = original.forward_features(pixels)[:, 0]
        hidden = torch.tanh(token @ torch.from_numpy(kernel) + torch.from_numpy(bias))
        return original.head(hidden)

    assert_runs_as(original, tmp_path / "vit.npz", heads=None, output=logits)


def test_that_the_encoder_of_a_whole_mae_runs(tmp_path) -> None:
    original = twin(num_classes=0)
    state = dict(original.state_dict())
    beside = {
        "mask_token": torch.zeros(1, 1, 8),
        "decoder_embed.weight": torch.zeros(8, 24),
        "decoder_pos_embed": torch.zeros(1, 17, 8),
        "decoder_blocks.0.norm1.weight": torch.zeros(8),
        "decoder_blocks.0.attn.qkv.weight": torch.zeros(24, 8),
        "decoder_norm.weight": torch.zeros(8),
        "decoder_pred.weight": torch.zeros(48, 8),
    }
    model, network = assert_runs_as(original, saved(tmp_path, state | beside))
    assert model.outline.family == "MAE"
    assert any("Beside the model the file holds “decoder_" in note for note in network.notes)


def test_that_dino_runs_out_of_a_teacher_with_its_head(tmp_path) -> None:
    original = twin(num_classes=0)
    state = {f"backbone.{n}": t for n, t in original.state_dict().items()}
    state |= {
        "head.mlp.0.weight": torch.zeros(8, 24),
        "head.last_layer.weight_v": torch.zeros(9, 8),
    }
    state |= {"head.last_layer.weight_g": torch.zeros(9, 1)}
    path = tmp_path / "checkpoint.pth"
    torch.save({"teacher": state, "epoch": 1}, path)
    model, _ = assert_runs_as(original, path)
    assert model.outline.family in ("DINO", "ViT")


def test_that_dinov2_in_chunks_with_registers_runs(tmp_path) -> None:
    """The class token has a position, registers have none: timm adds it to the token instead."""
    original = twin("vit_small_patch14_reg4_dinov2", num_classes=0)
    state = dict(original.state_dict())
    place = torch.full((1, 1, 24), 0.25)
    state["pos_embed"] = torch.cat([place, state["pos_embed"]], dim=1)
    state["cls_token"] = state["cls_token"] - place
    state["register_tokens"] = state.pop("reg_token")
    state["mask_token"] = torch.zeros(1, 24)
    chunked = {
        name.replace("blocks.", f"blocks.{int(name.split('.')[1]) // 2}.")
        if name.startswith("blocks.")
        else name: tensor
        for name, tensor in state.items()
    }
    model, network = assert_runs_as(original, saved(tmp_path, chunked))
    assert model.outline.source == "DINOv2 (blocks in chunks)"
    assert network.prefix == ("CLS", "REG 0", "REG 1", "REG 2", "REG 3")


def test_that_dinov3_as_it_was_published_runs_with_its_own_periods(tmp_path) -> None:
    """A masked bias of the key, and periods in the file that are not quite timm's."""
    original = twin("vit_small_patch16_dinov3_qkvb", num_classes=0, global_pool="token")
    state = renamed(dict(original.state_dict()), {"gamma_1": "ls1.gamma", "gamma_2": "ls2.gamma"})
    state["storage_tokens"] = state.pop("reg_token")
    state["mask_token"] = torch.zeros(1, 24)
    for block in range(3):
        at = f"blocks.{block}.attn"
        query, value = state.pop(f"{at}.q_bias"), state.pop(f"{at}.v_bias")
        state[f"{at}.qkv.bias"] = torch.cat([query, torch.full((24,), 9.0), value])
        state[f"{at}.qkv.bias_mask"] = torch.cat([torch.ones(24), torch.zeros(24), torch.ones(24)])
    original.rope.periods.mul_(1.125)
    state["rope_embed.periods"] = original.rope.periods.clone()
    model, _ = assert_runs_as(original, saved(tmp_path, state))
    assert model.outline.source == "DINOv3"


def test_that_simmim_runs_out_of_its_pre_training(tmp_path) -> None:
    prepare_torchvision()
    from timm.models.beit import Beit

    arguments = {**SIZES, "num_classes": 0, "init_values": 0.1, "global_pool": "token"}
    original = randomised(
        Beit(**arguments, use_abs_pos_emb=False, use_shared_rel_pos_bias=True), seed=6
    )
    state = {f"encoder.{n}": t for n, t in original.state_dict().items()}
    state |= {"encoder.mask_token": torch.zeros(1, 1, 24), "decoder.0.weight": torch.zeros(48, 24)}
    _, network = assert_runs_as(original, saved(tmp_path, state))
    assert network.architecture == "timm Beit"


def test_that_ijepa_runs_without_a_class_token(tmp_path) -> None:
    original = twin(class_token=False, global_pool="avg", fc_norm=False, num_classes=0)
    path = tmp_path / "ijepa.pth"
    encoder = {f"module.{n}": t for n, t in original.state_dict().items()}
    torch.save({"encoder": encoder, "epoch": 3}, path)
    _, network = assert_runs_as(original, path)
    assert network.prefix == ()


def test_that_key_biases_of_a_model_with_relative_positions_are_kept(tmp_path) -> None:
    """They never change the attention, but they are part of every score."""
    prepare_torchvision()
    from timm.models.beit import Beit

    original = randomised(Beit(**SIZES, num_classes=0, use_rel_pos_bias=True), seed=6)
    state = dict(original.state_dict())
    keys = torch.linspace(-1, 1, 24)
    for block in range(3):
        state[f"blocks.{block}.attn.k_bias"] = keys.clone()
    with open_model(saved(tmp_path, state), heads=3) as model:
        network = build_network(model)
    found = assert_sound(network, pixels_of(16, 16))
    block = network.blocks[1]
    parts = block.attend(found.blocks[block.address].attn_input, found.blocks[block.address].grid)
    assert_close(parts.key_bias, keys.reshape(3, 8))
