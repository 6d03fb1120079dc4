"""Damaged models are refused in a sentence that names the tensor."""

from contextlib import suppress

import pytest

from inspector.core.errors import BadCheckpoint, InspectorError, UnknownModel
from inspector.families import recognise
from tests.families import shapes
from tests.families.made import checkpoint_of


def refused(state) -> str:
    with pytest.raises(BadCheckpoint) as caught:
        recognise(checkpoint_of(state))
    assert caught.value.advice
    return caught.value.message


def separate(depth=3, d=24) -> shapes.Shapes:
    state: shapes.Shapes = {"embeddings.patch_embeddings.projection.weight": (d, 3, 8, 8)}
    for block in range(depth):
        at = f"encoder.layer.{block}.attention.attention"
        for name in ("query", "key", "value"):
            state |= {f"{at}.{name}.weight": (d, d), f"{at}.{name}.bias": (d,)}
    return state


def test_that_a_fused_weight_must_split_in_three() -> None:
    state = shapes.timm_vit() | {"blocks.1.attn.qkv.weight": (575, 192)}
    message = refused(state)
    assert "“blocks.1.attn.qkv.weight” has 575 output features" in message


def test_that_a_missing_block_is_named() -> None:
    state = {n: s for n, s in shapes.timm_vit(depth=4).items() if not n.startswith("blocks.2.")}
    message = refused(state)
    assert "The block 2 is missing" in message
    assert "“blocks.3." in message


def test_that_a_missing_stage_is_named() -> None:
    whole = shapes.mmdetection_swin(detector=False)
    state = {n: s for n, s in whole.items() if not n.startswith("stages.1.")}
    assert "The stage 1 is missing" in refused(state)


@pytest.mark.parametrize("word", ["query", "key", "value"])
def test_that_a_missing_matrix_of_one_block_is_named(word) -> None:
    state = separate()
    del state[f"encoder.layer.1.attention.attention.{word}.weight"]
    message = refused(state)
    assert f"The {word} is missing" in message
    assert "“encoder.layer.1.attention.attention." in message


def test_that_a_block_without_any_attention_is_named() -> None:
    state = shapes.timm_vit(depth=3)
    for name in ("weight", "bias"):
        del state[f"blocks.1.attn.qkv.{name}"]
    assert "“blocks.1." in refused(state)


def test_that_a_width_that_changes_within_a_stage_is_named() -> None:
    state = shapes.timm_vit() | {"blocks.1.attn.qkv.weight": (576, 96)}
    message = refused(state)
    assert "“blocks.1.attn.qkv.weight” has 96 input features" in message
    assert "192" in message


def test_that_a_key_of_another_width_or_height_is_named() -> None:
    at = "encoder.layer.2.attention.attention.key"
    assert f"“{at}.weight” gives 23 rows" in refused(separate() | {f"{at}.weight": (23, 24)})
    assert f"“{at}.weight” gives 12 columns" in refused(separate() | {f"{at}.weight": (24, 12)})
    assert f"“{at}.bias” gives 23 rows" in refused(separate() | {f"{at}.bias": (23,)})


@pytest.mark.parametrize("shape", [(), (192,), (0, 192), (576, 0), (576, 192, 3, 3)])
def test_that_a_weight_that_is_no_matrix_is_named(shape) -> None:
    assert "“blocks.0.attn.qkv.weight” is " in refused(
        shapes.timm_vit() | {"blocks.0.attn.qkv.weight": shape}
    )


def test_that_odd_shapes_anywhere_else_end_in_no_traceback() -> None:
    """Every tensor in turn becomes a scalar, a vector, a stack: opened or refused in a sentence."""
    for whole in (shapes.timm_vit(), shapes.mmdetection_swin(), shapes.flax_vit()):
        for name in whole:
            for shape in ((), (0,), (7,), (5, 3), (2, 3, 5), (2, 2, 2, 2, 2, 2)):
                with suppress(InspectorError):
                    recognise(checkpoint_of(whole | {name: shape}))


@pytest.mark.parametrize(
    "name",
    ["{b}.q.weight", "a{x}b.0.q.weight", "}{.0.q.weight", "x.*", "layers.0.q.*", "", ".", "#.0"],
)
def test_that_odd_names_end_in_no_traceback(name) -> None:
    state = {name: (8, 8), name.replace("q", "k"): (8, 8), name.replace("q", "v"): (8, 8)}
    state |= {"own.0.att.wq.w": (8, 8), "own.0.att.wk.w": (8, 8), "own.0.att.wv.w": (8, 8)}
    assert recognise(checkpoint_of(state)).depth >= 1
    with pytest.raises(UnknownModel):
        recognise(checkpoint_of({f"{name}z": (8, 8)}))


def test_that_an_index_of_many_digits_is_a_word() -> None:
    state = {f"blocks.{'9' * 5000}.attn.qkv.weight": (24, 8)}
    with pytest.raises(UnknownModel):
        recognise(checkpoint_of(state))
