"""Namings that nobody declared, and files without query, key and value."""

import time
from contextlib import suppress

import pytest

from inspector.checkpoints.checkpoint import Section
from inspector.core.errors import InspectorError, UnknownModel
from inspector.core.outline import Matrix
from inspector.families import recognise
from tests.families import shapes
from tests.families.made import checkpoint_of, timm_shapes

WORDS = [
    ("q", "k", "v"),
    ("wq", "wk", "wv"),
    ("to_q", "to_k", "to_v"),
    ("query", "key", "value"),
    ("linear_keys_q", "linear_keys_k", "linear_keys_v"),
    ("W_Q", "W_K", "W_V"),
    ("queries", "keys", "values"),
    ("q_lin", "k_lin", "v_lin"),
]


@pytest.mark.parametrize("words", WORDS)
def test_that_separate_matrices_are_found_by_their_names_and_shapes(words) -> None:
    state: shapes.Shapes = {"embed.weight": (64, 48), "out.bias": (3,)}
    for block in range(3):
        for word in words:
            state |= {f"trunk.cell.{block}.mix.{word}.weight": (64, 64)}
            state |= {f"trunk.cell.{block}.mix.{word}.bias": (64,)}
        state[f"trunk.cell.{block}.after.0.weight"] = (128, 64)
    outline = recognise(checkpoint_of(state), heads=2)
    assert outline.source == "unknown naming (opened by shapes)"
    assert any("found by their shapes" in note for note in outline.notes)
    assert (outline.depth, outline.stages[0].blocks[0].num_heads) == (3, 2)
    block = outline.stages[0].blocks[2]
    for matrix, word in zip(Matrix, words, strict=True):
        assert block.weights[matrix].tensor == f"trunk.cell.2.mix.{word}.weight"
        assert block.biases[matrix].tensor == f"trunk.cell.2.mix.{word}.bias"
    assert set(block.parts) == {"after.0.weight"}
    assert set(outline.parts) == {"embed.weight", "out.bias"}
    assert outline.unplaced == ()


@pytest.mark.parametrize("word", ["att.mix", "my_qkv", "attention.in_proj", "self_attn.Wqkv"])
def test_that_a_fused_matrix_is_found_by_its_name_and_shape(word) -> None:
    state = {f"deep.{b}.{word}.weight": (96, 32) for b in range(2)}
    state |= {f"deep.{b}.{word}.bias": (96,) for b in range(2)}
    outline = recognise(checkpoint_of(state))
    assert (outline.depth, outline.stages[0].blocks[0].embed_dim) == (2, 32)
    assert outline.stages[0].blocks[1].weights[Matrix.V].ranges == ((64, 96),)
    assert outline.stages[0].blocks[1].has_qkv_bias


def test_that_an_unknown_pyramid_has_its_stages() -> None:
    state = {
        f"level.{stage}.unit.{block}.attn.qkv_mix.weight": (3 * (32 << stage), 32 << stage)
        for stage, depth in enumerate((1, 2))
        for block in range(depth)
    }
    outline = recognise(checkpoint_of(state))
    assert [len(stage.blocks) for stage in outline.stages] == [1, 2]
    assert [stage.blocks[0].embed_dim for stage in outline.stages] == [32, 64]


def test_that_one_stage_of_an_unknown_pyramid_is_not_taken_for_the_model() -> None:
    """PiT's ``transformers.1.blocks.0.attn.qkv`` looks like a plain ViT behind a prefix."""
    outline = recognise(checkpoint_of(timm_shapes("pit_ti_224")))
    assert [len(stage.blocks) for stage in outline.stages] == [2, 6, 4]


def test_that_a_network_of_convolutions_is_said_to_be_one() -> None:
    for name in ("resnet18", "convnext_tiny"):
        with pytest.raises(UnknownModel, match="convolutions and no attention") as caught:
            recognise(checkpoint_of(timm_shapes(name), name="best.pth"))
        assert "best.pth" in caught.value.message
        assert "“" in caught.value.message
        assert caught.value.advice


def test_that_a_language_model_is_said_to_be_one() -> None:
    state: shapes.Shapes = {"bert.embeddings.word_embeddings.weight": (30522, 64)}
    for word in ("query", "key", "value"):
        state[f"bert.encoder.layer.0.attention.attention.{word}.weight"] = (64, 64)
    with pytest.raises(UnknownModel, match="reads text"):
        recognise(checkpoint_of(state))
    distil: shapes.Shapes = {"distilbert.embeddings.word_embeddings.weight": (28996, 8)}
    for word in ("q_lin", "k_lin", "v_lin"):
        distil[f"distilbert.transformer.layer.0.attention.{word}.weight"] = (8, 8)
    with pytest.raises(UnknownModel, match="reads text"):
        recognise(checkpoint_of(distil))
    text = {n: s for n, s in shapes.openai_clip().items() if not n.startswith("visual.")}
    with pytest.raises(UnknownModel, match="reads text"):
        recognise(checkpoint_of(text))


def test_that_an_empty_checkpoint_and_one_of_biases_are_refused() -> None:
    with pytest.raises(UnknownModel, match="it holds no weights"):
        recognise(checkpoint_of({}))
    with pytest.raises(UnknownModel, match="one tensor of weights"):
        recognise(checkpoint_of({"bias": (3,)}))


def test_that_other_sections_of_the_file_are_pointed_at() -> None:
    sections = (Section("head", 1, 3), Section("teacher", 152, 5_000_000))
    with pytest.raises(UnknownModel) as caught:
        recognise(checkpoint_of({"bias": (3,)}, sections=sections))
    assert "teacher" in caught.value.advice


def timm_vit_shapes() -> shapes.Shapes:
    return timm_shapes("vit_tiny_patch16_224")


def test_that_an_adapter_without_its_model_is_said_to_be_one() -> None:
    base = "base_model.model.vit.encoder.layer"
    for words in (("query", "value"), ("query", "key", "value")):
        state: shapes.Shapes = {"base_model.model.classifier.weight": (3, 64)}
        for block in range(2):
            for word in words:
                at = f"{base}.{block}.attention.attention.{word}"
                state |= {f"{at}.lora_A.weight": (8, 64), f"{at}.lora_B.weight": (64, 8)}
        with pytest.raises(UnknownModel, match=r"adapter .* only") as caught:
            recognise(checkpoint_of(state, name="adapter_model.safetensors"))
        assert "Merge" in caught.value.advice


def test_that_adapters_that_were_not_merged_are_refused_and_never_left_out() -> None:
    """The stored q, k and v are then those of the model before its training."""
    plain = timm_vit_shapes()
    at = "blocks.3.attn.qkv"
    low: shapes.Shapes = {"lora_A.default.weight": (8, 192), "lora_B.default.weight": (576, 8)}
    peft = {name.replace(f"{at}.", f"{at}.base_layer."): size for name, size in plain.items()}
    forms = {
        "PEFT": peft | {f"{at}.{word}": size for word, size in low.items()},
        "loralib": plain | {f"{at}.lora_A": (16, 192), f"{at}.lora_B": (576, 8)},
        "by hand": {n.replace("attn.qkv.", "attn.qkv.qkv."): s for n, s in plain.items()}
        | {f"blocks.{b}.attn.qkv.linear_a_q.weight": (4, 192) for b in range(12)},
    }
    for form, state in forms.items():
        with pytest.raises(UnknownModel, match="beside the weights they change"):
            raise AssertionError(f"{form}: {recognise(checkpoint_of(state)).source}")


def test_that_adapters_elsewhere_hide_no_model() -> None:
    state = timm_vit_shapes() | {"decoder.0.attn.qkv.lora_A.weight": (8, 192)}
    assert recognise(checkpoint_of(state)).depth == 12


def test_that_attention_of_another_form_is_not_called_a_network_of_convolutions() -> None:
    with pytest.raises(UnknownModel, match="attention, but of a form that is not known"):
        recognise(checkpoint_of(timm_shapes("levit_128")))


def test_that_a_transformer_without_a_patch_embedding_is_doubted() -> None:
    sound: shapes.Shapes = {"masked_spec_embed": (64,), "feature_extractor.conv.weight": (8, 1, 9)}
    for word in ("q", "k", "v"):
        sound |= {f"encoder.layers.{b}.attention.{word}_proj.weight": (64, 64) for b in range(2)}
    assert any("does not look at images" in note for note in recognise(checkpoint_of(sound)).notes)
    for name in ("vit_tiny_patch16_224", "xcit_nano_12_p16_224", "swin_tiny_patch4_window7_224"):
        notes = recognise(checkpoint_of(timm_shapes(name))).notes
        assert not any("does not look at images" in note for note in notes)


def test_that_thousands_of_models_in_one_file_stall_nothing() -> None:
    state = {f"x.{n}.blocks.{b}.attn.qkv.weight": (24, 8) for n in range(4000) for b in range(2)}
    start = time.monotonic()
    with suppress(InspectorError):
        recognise(checkpoint_of(state))
    assert time.monotonic() - start < 10
