"""Two namings of one architecture give the same roles, of the same shapes."""

import pytest

from inspector.families import recognise
from tests.families import shapes
from tests.families.made import (
    checkpoint_of,
    floating,
    prepare_torchvision,
    shapes_of,
    taken,
    timm_shapes,
)

D = 192


def roles(state, *, heads=None) -> dict[str, tuple[int, ...]]:
    return shapes_of(recognise(checkpoint_of(state), heads=heads), state)


def test_that_a_plain_vit_has_the_same_roles_in_timm_mmpretrain_and_flax() -> None:
    expected = roles(shapes.timm_vit())
    assert expected["S0 B1 q.weight"] == (D, D)
    assert expected["S0 B1 mlp.in.weight"] == (4 * D, D)
    assert roles(shapes.mmpretrain_vit()) == expected
    flax = roles(shapes.flax_vit())
    assert flax.pop("patch_embed.weight (row, column, colour)") == (D, 16 * 16 * 3)
    assert flax == {r: s for r, s in expected.items() if r != "patch_embed.weight"}


def test_that_hugging_face_and_torchvision_vits_have_the_roles_of_timm() -> None:
    prepare_torchvision()
    import torch
    import transformers
    from torchvision.models import VisionTransformer

    with torch.device("meta"):
        sizes = transformers.ViTConfig(
            hidden_size=D, num_hidden_layers=2, num_attention_heads=3, intermediate_size=4 * D
        )
        sizes.num_labels = 1000
        new = floating(transformers.ViTForImageClassification(sizes))
        seen = floating(VisionTransformer(224, 16, 2, 3, D, 4 * D))
    expected = roles(shapes.timm_vit())
    assert roles(new) == expected
    assert roles(seen) == expected


def test_that_both_names_hugging_face_gives_are_the_same_model(tmp_path) -> None:
    prepare_torchvision()
    import transformers
    from safetensors.numpy import load_file

    sizes = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "image_size": 32,
        "patch_size": 8,
    }
    swin = {"embed_dim": 16, "depths": [1, 1], "num_heads": [2, 4], "image_size": 32}
    models = [
        transformers.ViTModel(transformers.ViTConfig(**sizes)),
        transformers.DeiTModel(transformers.DeiTConfig(**sizes)),
        transformers.Dinov2Model(transformers.Dinov2Config(**sizes)),
        transformers.Dinov2Model(transformers.Dinov2Config(use_swiglu_ffn=True, **sizes)),
        transformers.BeitModel(transformers.BeitConfig(use_relative_position_bias=True, **sizes)),
        transformers.DINOv3ViTModel(transformers.DINOv3ViTConfig(**sizes)),
        transformers.IJepaModel(transformers.IJepaConfig(**sizes)),
        transformers.ViTMAEForPreTraining(transformers.ViTMAEConfig(**sizes)),
        transformers.SwinModel(transformers.SwinConfig(**swin)),
        transformers.Swinv2Model(transformers.Swinv2Config(**swin)),
        transformers.CLIPVisionModel(transformers.CLIPVisionConfig(**sizes)),
        transformers.SegformerModel(
            transformers.SegformerConfig(
                num_encoder_blocks=2,
                depths=[1, 2],
                sr_ratios=[2, 1],
                hidden_sizes=[16, 32],
                patch_sizes=[7, 3],
                strides=[4, 2],
                num_attention_heads=[1, 2],
                mlp_ratios=[2, 2],
            )
        ),
    ]
    for number, model in enumerate(models):
        folder = tmp_path / str(number)
        model.save_pretrained(folder)
        written = load_file(folder / "model.safetensors")
        held = {n: tuple(t.shape) for n, t in model.state_dict().items() if t.is_floating_point()}
        as_written = recognise(checkpoint_of(written))
        as_held = recognise(checkpoint_of(held))
        assert as_written.family == as_held.family
        assert shapes_of(as_written, written) == shapes_of(as_held, held), type(model).__name__


def test_that_openai_and_hugging_face_clip_have_the_same_roles() -> None:
    prepare_torchvision()
    import torch
    import transformers

    tower = {
        "hidden_size": 768,
        "num_hidden_layers": 2,
        "num_attention_heads": 12,
        "intermediate_size": 4 * 768,
        "patch_size": 32,
        "image_size": 224,
    }
    with torch.device("meta"):
        sizes = transformers.CLIPVisionConfig(projection_dim=512, **tower)
        module = transformers.CLIPVisionModelWithProjection(sizes)
    assert roles(floating(module)) == roles(shapes.openai_clip())


def test_that_swin_has_the_same_roles_but_for_patch_merging_of_mmdetection() -> None:
    timm = roles(timm_shapes("swin_tiny_patch4_window7_224"))
    theirs = roles(shapes.mmdetection_swin(depths=(2, 2, 6, 2), detector=False))
    merging = {role for role in theirs if role.endswith(" (unfold order)")}
    assert len(merging) == 9
    for role in merging:
        theirs[role.removesuffix(" (unfold order)")] = theirs.pop(role)
    del timm["head.weight"], timm["head.bias"]
    assert theirs == timm


@pytest.mark.parametrize("version", ["", "v2"])
def test_that_swin_has_the_same_roles_in_timm_hugging_face_and_torchvision(version) -> None:
    prepare_torchvision()
    import torch
    import torchvision
    import transformers

    name = "swinv2_tiny_window8_256" if version else "swin_tiny_patch4_window7_224"
    timm = roles(timm_shapes(name))
    with torch.device("meta"):
        seen = getattr(torchvision.models, f"swin_{version + '_' if version else ''}t")(
            weights=None
        )
        kind = "Swinv2" if version else "Swin"
        sizes = getattr(transformers, f"{kind}Config")(
            window_size=8 if version else 7, image_size=256 if version else 224, num_labels=1000
        )
        theirs = getattr(transformers, f"{kind}ForImageClassification")(sizes)
    assert roles(floating(seen)) == timm
    assert roles(floating(theirs)) == timm


def test_that_separate_and_fused_give_the_same_matrices() -> None:
    import numpy as np

    random = np.random.default_rng(0)
    fused = {n: random.normal(size=s) for n, s in shapes.timm_vit(d=24).items()}
    separate = {}
    for name, array in fused.items():
        if ".qkv." not in name:
            separate[name] = array
            continue
        for letter, part in zip("qkv", np.split(array, 3), strict=True):
            separate[name.replace("qkv", f"{letter}_proj")] = part
    one, other = (recognise(checkpoint_of(s), heads=3).roles() for s in (fused, separate))
    assert one.keys() == other.keys()
    for role in one:
        assert np.array_equal(taken(one[role], fused), taken(other[role], separate)), role


def test_that_a_fused_gate_is_halved_as_its_separate_twin() -> None:
    state = {n: s for n, s in shapes.timm_vit(d=24).items() if ".mlp." not in n}
    for block in (0, 1):
        state |= {f"blocks.{block}.mlp.w3.weight": (24, 64), f"blocks.{block}.mlp.w3.bias": (24,)}
    fused, separate = dict(state), dict(state)
    for block in (0, 1):
        at = f"blocks.{block}.mlp"
        fused |= {f"{at}.w12.weight": (128, 24), f"{at}.w12.bias": (128,)}
        for half in ("w1", "w2"):
            separate |= {f"{at}.{half}.weight": (64, 24), f"{at}.{half}.bias": (64,)}
    assert roles(fused, heads=3) == roles(separate, heads=3)
    gate = recognise(checkpoint_of(fused), heads=3).stages[0].blocks[0].parts["mlp.gate.weight"]
    assert gate.ranges == ((0, 64),)
