"""Every naming style: what is told of a real or faithfully built state dict."""

import pytest

from inspector.core.outline import PrefixToken
from inspector.families import recognise
from tests.families import shapes
from tests.families.made import (
    checkpoint_of,
    floating,
    prepare_torchvision,
    timm_module,
    timm_shapes,
)

# name in timm, family, depths, prefix tokens, patch (0: unknown, it overlaps)
TIMM = [
    ("vit_tiny_patch16_224", "ViT", (12,), "cls", 16),
    ("deit_tiny_patch16_224", "ViT", (12,), "cls", 16),
    ("deit_tiny_distilled_patch16_224", "DeiT", (12,), "cls dist", 16),
    ("vit_small_patch14_reg4_dinov2", "DINOv2", (12,), "cls reg4", 14),
    ("vit_small_patch16_dinov3", "DINOv3", (12,), "cls reg4", 16),
    ("vit_small_plus_patch16_dinov3", "DINOv3", (12,), "cls reg4", 16),
    ("beit_base_patch16_224", "BEiT", (12,), "cls", 16),
    ("eva02_tiny_patch14_224", "EVA-02", (12,), "cls", 14),
    ("eva02_base_patch14_224", "EVA-02", (12,), "cls", 14),
    ("vit_base_patch16_clip_224", "CLIP", (12,), "cls", 16),
    ("vit_base_patch16_siglip_224", "SigLIP", (12,), "", 16),
    ("vit_huge_patch14_gap_224", "ViT", (32,), "", 14),
    ("swin_tiny_patch4_window7_224", "Swin", (2, 2, 6, 2), "", 4),
    ("swinv2_tiny_window8_256", "Swin-v2", (2, 2, 6, 2), "", 4),
    ("swinv2_cr_tiny_ns_224", "Swin-v2 (CR)", (2, 2, 6, 2), "", 4),
    ("pvt_v2_b1", "PVT", (2, 2, 2, 2), "", 0),
    ("twins_pcpvt_small", "Twins", (3, 4, 6, 3), "", 4),
    ("convit_tiny", "ConViT", (12,), "cls", 16),
    ("samvit_base_patch16", "SAM", (12,), "", 16),
    ("vit_relpos_small_patch16_224", "ViT", (12,), "", 16),
]


@pytest.mark.parametrize(("name", "family", "depths", "tokens", "patch"), TIMM)
def test_that_the_models_of_timm_are_recognised(name, family, depths, tokens, patch) -> None:
    module = timm_module(name)
    outline = recognise(checkpoint_of(floating(module)))
    assert (outline.family, outline.source) == (family, "timm")
    assert tuple(len(stage.blocks) for stage in outline.stages) == depths
    assert _tokens(outline.prefix_tokens) == tokens
    assert outline.patch_size == (patch, patch)
    attention = [m for m in module.modules() if hasattr(m, "num_heads") and hasattr(m, "proj")]
    attention = attention[: outline.depth]
    assert [b.num_heads for b in outline.blocks()] == [m.num_heads for m in attention]
    unplaced = {n: p.numel() for n, p in module.named_parameters() if n in outline.unplaced}
    assert all(name.startswith("neck.") for name in outline.unplaced)
    total = sum(p.numel() for p in module.parameters())
    assert outline.parameters + sum(unplaced.values()) == total
    classifier = dict(module.named_parameters()).get("head.weight")
    classifier = dict(module.named_parameters()).get("head.fc.weight", classifier)
    assert outline.num_classes == (0 if classifier is None else module.num_classes)


def _tokens(tokens: tuple[PrefixToken, ...]) -> str:
    words = {"cls": "cls", "distillation": "dist", "register": "reg"}
    return " ".join(words[t.kind] + (str(t.count) if t.count > 1 else "") for t in tokens)


def test_that_the_blocks_of_a_plain_vit_are_those_of_the_file() -> None:
    outline = recognise(checkpoint_of(shapes.timm_vit(depth=3, d=192)))
    assert [block.global_index for block in outline.blocks()] == [0, 1, 2]
    block = outline.stages[0].blocks[2]
    assert (block.embed_dim, block.num_heads, block.head_dim, block.value_dim) == (192, 3, 64, 64)
    stored = {str(m): (s.tensor, s.ranges) for m, s in block.weights.items()}
    assert stored == {
        "q": ("blocks.2.attn.qkv.weight", ((0, 192),)),
        "k": ("blocks.2.attn.qkv.weight", ((192, 384),)),
        "v": ("blocks.2.attn.qkv.weight", ((384, 576),)),
    }
    assert block.biases[next(iter(block.biases))].tensor == "blocks.2.attn.qkv.bias"
    assert {"out.weight", "norm1.bias", "mlp.in.weight", "mlp.out.bias"} <= set(block.parts)


def test_that_beit_has_biases_for_query_and_value_only() -> None:
    outline = recognise(checkpoint_of(timm_shapes("beit_base_patch16_224")))
    assert [str(matrix) for matrix in outline.stages[0].blocks[0].biases] == ["q", "v"]


def test_that_dinov3_in_its_own_code_has_no_bias_for_the_key() -> None:
    outline = recognise(checkpoint_of(shapes.facebook_dinov3()))
    assert (outline.family, outline.source) == ("DINOv3", "DINOv3")
    assert [str(matrix) for matrix in outline.stages[0].blocks[0].biases] == ["q", "v"]
    assert any("never used" in note for note in outline.notes)
    assert _tokens(outline.prefix_tokens) == "cls reg4"
    assert outline.unplaced == ()


def test_that_blocks_in_chunks_as_dinov2_is_trained_are_one_stage() -> None:
    flat = shapes.timm_vit(depth=4, d=384, classes=0)
    state = {
        name.replace("blocks.", f"blocks.{int(name.split('.')[1]) // 2}.")
        if name.startswith("blocks.")
        else name: shape
        for name, shape in flat.items()
    }
    outline = recognise(checkpoint_of(shapes.under("teacher.backbone.", state)))
    assert outline.family == "DINOv2"
    assert [len(stage.blocks) for stage in outline.stages] == [4]
    assert outline.stages[0].blocks[3].weights["q"].tensor.startswith("teacher.backbone.blocks.1.3")


def test_that_the_decoder_of_mae_is_not_the_model() -> None:
    decoder = {
        name.replace("blocks.", "decoder_blocks."): shape
        for name, shape in shapes.timm_vit(depth=5, d=512).items()
        if name.startswith("blocks.")
    }
    state = shapes.timm_vit(depth=2, d=192, classes=0) | decoder
    state |= {"decoder_embed.weight": (512, 192), "decoder_pred.weight": (768, 512)}
    outline = recognise(checkpoint_of(state))
    assert (outline.family, outline.depth) == ("MAE", 2)
    assert set(outline.unplaced) == set(decoder) | {"decoder_embed.weight", "decoder_pred.weight"}


def test_that_simmim_is_opened_behind_its_encoder_prefix() -> None:
    state = shapes.under("encoder.", shapes.timm_vit(classes=0) | {"mask_token": (1, 1, 192)})
    state["decoder.0.weight"] = (768, 192, 1, 1)
    outline = recognise(checkpoint_of(state))
    assert (outline.family, outline.stripped) == ("SimMIM", "encoder.")
    assert outline.unplaced == ("decoder.0.weight",)


def test_that_the_encoder_of_ijepa_is_preferred_to_its_predictor() -> None:
    encoder = shapes.timm_vit(depth=2, d=384, classes=0)
    del encoder["cls_token"]
    predictor = {
        name.replace("blocks.", "predictor_blocks."): shape
        for name, shape in shapes.timm_vit(depth=3, d=192).items()
        if name.startswith("blocks.")
    } | {"predictor_embed.weight": (192, 384), "mask_token": (1, 1, 192)}
    both = shapes.under("encoder.module.", encoder) | shapes.under("predictor.module.", predictor)
    outline = recognise(checkpoint_of(both))
    assert (outline.stripped, outline.depth, outline.prefix_tokens) == ("encoder.module.", 2, ())
    assert any("predictor.module." in note and "3 blocks" in note for note in outline.notes)
    alone = recognise(checkpoint_of(shapes.under("module.", predictor)))
    assert (alone.family, alone.depth) == ("I-JEPA predictor", 3)


@pytest.mark.parametrize(
    "prefix",
    [
        "module.",
        "model.",
        "backbone.",
        "encoder.",
        "net.",
        "teacher.",
        "student.",
        "_orig_mod.",
        "base_model.model.",
        "vision_model.",
        "visual.",
        "ema_model.",
        "network.",
        "module.student.backbone.",
        "model._orig_mod.net.0.",
    ],
)
def test_that_any_prefix_is_seen_through_and_told(prefix) -> None:
    plain = recognise(checkpoint_of(shapes.timm_vit()))
    outline = recognise(checkpoint_of(shapes.under(prefix, shapes.timm_vit())))
    assert outline.stripped == prefix
    assert outline.roles().keys() == plain.roles().keys()
    assert outline.parameters == plain.parameters
    assert outline.unplaced == ()


def test_that_wrappers_around_single_blocks_are_seen_through() -> None:
    state = {
        name.replace("blocks.0.", "blocks.0._orig_mod."): shape
        for name, shape in shapes.timm_vit().items()
    }
    outline = recognise(checkpoint_of(state))
    assert outline.depth == 2
    assert outline.stages[0].blocks[0].weights["q"].tensor == "blocks.0._orig_mod.attn.qkv.weight"


def test_that_of_teacher_and_student_the_teacher_is_opened() -> None:
    one, other = (
        shapes.under(f"{who}.backbone.", shapes.timm_vit()) for who in ("student", "teacher")
    )
    outline = recognise(checkpoint_of(one | other))
    assert outline.stripped == "teacher.backbone."
    assert set(outline.unplaced) == set(one)
    assert any("student.backbone." in note for note in outline.notes)


def test_that_openai_clip_opens_the_vision_tower() -> None:
    outline = recognise(checkpoint_of(shapes.openai_clip()))
    assert (outline.family, outline.source, outline.stripped) == ("CLIP", "OpenAI CLIP", "visual.")
    assert (outline.depth, outline.stages[0].blocks[0].embed_dim) == (2, 768)
    assert outline.patch_size == (32, 32)
    assert outline.prefix_tokens == (PrefixToken("cls", 1, "visual.class_embedding"),)
    assert "transformer.resblocks.2.attn.in_proj_weight" in outline.unplaced
    assert any("text transformer of 3 blocks" in note for note in outline.notes)


def test_that_open_clip_with_a_tower_of_timm_opens_it() -> None:
    text = {n: s for n, s in shapes.openai_clip().items() if not n.startswith("visual.")}
    tower = shapes.under("visual.trunk.", shapes.timm_vit(depth=2, d=768))
    for parts in (text | tower, shapes.under("text.", text) | tower):
        outline = recognise(checkpoint_of(parts))
        assert (outline.source, outline.stripped) == ("timm", "visual.trunk.")


def test_that_mmdetection_swin_tells_everything_without_a_configuration() -> None:
    outline = recognise(checkpoint_of(shapes.mmdetection_swin()))
    assert (outline.family, outline.source, outline.stripped) == (
        "Swin",
        "MMDetection",
        "backbone.",
    )
    assert [stage.blocks[0].num_heads for stage in outline.stages] == [3, 6, 12, 24]
    assert (outline.stage_starts, outline.assumed) == ((0, 1, 2, 4), ())
    assert outline.patch_size == (4, 4)
    roles = outline.roles()
    assert "downsample.2.reduction.weight (unfold order)" in roles
    assert "detection_norm.0.weight" in roles
    assert any("channel order" in note for note in outline.notes)
    assert {name.split(".")[0] for name in outline.unplaced} == {"neck", "rpn_head", "roi_head"}


def test_that_the_single_norm_of_a_classifier_of_openmmlab_is_the_last_norm() -> None:
    outline = recognise(checkpoint_of(shapes.mmdetection_swin(detector=False)))
    assert outline.parts["norm.weight"].tensor == "norm3.weight"


def test_that_mmpretrain_vit_is_recognised() -> None:
    outline = recognise(checkpoint_of(shapes.mmpretrain_vit()))
    assert (outline.family, outline.source, outline.num_classes) == ("ViT", "MMPretrain", 1000)
    assert outline.parts["norm.weight"].tensor == "backbone.ln1.weight"
    assert outline.unplaced == ()


def test_that_official_swin_is_told_from_timm_by_where_its_stages_begin() -> None:
    timm = timm_shapes("swin_tiny_patch4_window7_224")
    official = {_one_stage_earlier(name): shape for name, shape in timm.items()}
    official["layers.0.blocks.1.attn_mask"] = (64, 49, 49)
    outline = recognise(checkpoint_of(official))
    assert outline.source == "official Swin"
    assert outline.parts["downsample.0.reduction.weight"].tensor == (
        "layers.0.downsample.reduction.weight"
    )
    assert outline.unplaced == ()
    twin = recognise(checkpoint_of(timm))
    assert twin.parts["downsample.0.reduction.weight"].tensor == (
        "layers.1.downsample.reduction.weight"
    )


def _one_stage_earlier(name: str) -> str:
    words = name.split(".")
    if "downsample" in words:
        words[1] = str(int(words[1]) - 1)
    return ".".join(words)


def test_that_flax_kernels_are_read_transposed_and_tell_the_heads() -> None:
    outline = recognise(checkpoint_of(shapes.flax_vit(heads=3)))
    assert (outline.source, outline.assumed) == ("Flax ViT", ())
    block = outline.stages[0].blocks[1]
    assert (block.num_heads, block.head_dim) == (3, 64)
    assert (block.weights["q"].axis, block.weights["q"].shape) == (1, (192, 192))
    assert (outline.patch_size, outline.num_classes) == ((16, 16), 1000)
    assert outline.unplaced == ()


def test_that_torch_encoders_are_recognised_alone_and_inside_a_model() -> None:
    import torch

    layer = torch.nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
    encoder = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    alone = recognise(checkpoint_of(encoder.state_dict()))
    assert (alone.source, alone.depth) == ("torch nn.TransformerEncoder", 2)
    state = {f"encoder.{name}": tuple(t.shape) for name, t in encoder.state_dict().items()}
    state |= {"patch_embed.weight": (64, 3, 8, 8), "cls_token": (1, 1, 64), "head.weight": (5, 64)}
    inside = recognise(checkpoint_of(state))
    assert (inside.family, inside.stripped, inside.num_classes) == ("ViT", "encoder.", 5)
    assert inside.unplaced == ()


def test_that_a_mixture_of_convolution_and_attention_counts_its_attention() -> None:
    outline = recognise(checkpoint_of(timm_shapes("maxvit_tiny_rw_224")))
    assert outline.family == "MaxViT"
    assert [len(stage.blocks) for stage in outline.stages] == [4, 4, 10, 4]
    names = [b.weights["q"].tensor.split(".")[4] for b in outline.stages[0].blocks]
    assert names == ["attn_block", "attn_grid", "attn_block", "attn_grid"]
    assert any(note.startswith("Only attention is counted") for note in outline.notes)


@pytest.mark.parametrize(
    ("name", "first_ranges"),
    [
        ("maxvit_tiny_rw_224", ((0, 32), (96, 128))),
        ("maxvit_tiny_tf_224", ((0, 64),)),
    ],
)
def test_that_a_head_first_layout_takes_a_range_per_head(name, first_ranges) -> None:
    outline = recognise(checkpoint_of(timm_shapes(name)))
    block = outline.stages[0].blocks[0]
    assert block.num_heads == 2
    assert block.weights["q"].ranges == first_ranges


def test_that_rotary_cosine_and_normalised_attention_are_noted() -> None:
    def notes(name: str) -> str:
        return " ".join(recognise(checkpoint_of(timm_shapes(name))).notes)

    assert "Rotary" in notes("eva02_base_patch14_224")
    assert "Rotary" in notes("vit_small_patch16_dinov3")
    assert "Cosine" in notes("swinv2_tiny_window8_256")
    assert notes("vit_tiny_patch16_224") == ""


def test_that_nothing_is_read_to_recognise_a_model() -> None:
    from dataclasses import replace

    def unreadable():
        raise AssertionError("a tensor was read")

    checkpoint = checkpoint_of(shapes.mmdetection_swin())
    closed = {n: replace(t, read=unreadable) for n, t in checkpoint.tensors.items()}
    assert recognise(replace(checkpoint, tensors=closed)).depth == 5


def test_that_torchvision_is_recognised() -> None:
    prepare_torchvision()
    import torch
    from torchvision.models import swin_t, vit_b_32

    with torch.device("meta"):
        vit, swin = vit_b_32(weights=None), swin_t(weights=None)
    for module, family, count in ((vit, "ViT", 88_224_232), (swin, "Swin", 28_288_354)):
        state = {n: tuple(t.shape) for n, t in module.state_dict().items() if t.is_floating_point()}
        outline = recognise(checkpoint_of(state))
        assert (outline.family, outline.source, outline.parameters) == (
            family,
            "torchvision",
            count,
        )
        assert outline.unplaced == ()


def test_that_the_encoders_of_monai_are_recognised() -> None:
    swin = recognise(checkpoint_of(shapes.monai_swin()))
    assert (swin.family, swin.source, swin.stripped) == ("Swin", "MONAI", "swinViT.")
    assert [len(stage.blocks) for stage in swin.stages] == [2, 2]
    assert [stage.blocks[0].num_heads for stage in swin.stages] == [3, 6]
    assert swin.unplaced == ("encoder1.layer.conv1.conv.weight",)
    vit = recognise(checkpoint_of(shapes.monai_vit()))
    assert (vit.family, vit.source, vit.stripped) == ("ViT", "MONAI", "vit.")
    assert not vit.stages[0].blocks[0].has_qkv_bias
    assert vit.unplaced == ()


def test_that_the_detector_of_the_authors_of_swin_keeps_its_four_norms() -> None:
    timm = timm_shapes("swin_tiny_patch4_window7_224")
    state = {
        _one_stage_earlier(n): s for n, s in timm.items() if not n.startswith(("head", "norm"))
    }
    for stage in range(4):
        state |= {f"norm{stage}.weight": (96 << stage,), f"norm{stage}.bias": (96 << stage,)}
    outline = recognise(checkpoint_of(shapes.under("backbone.", state)))
    assert outline.source == "official Swin"
    assert outline.parts["detection_norm.1.bias"].tensor == "backbone.norm1.bias"
    assert outline.unplaced == ()
