"""The number of heads: what the file tells, what is assumed and said, what the user corrects."""

import pytest

from inspector.core.errors import BadRequest
from inspector.families import recognise
from tests.families import shapes
from tests.families.made import checkpoint_of, timm_module, timm_shapes


def heads_of(state, *, config=None, heads=None) -> tuple[int, ...]:
    return tuple(
        b.num_heads for b in recognise(checkpoint_of(state, config=config), heads=heads).blocks()
    )


def test_that_an_assumption_is_said_in_a_sentence() -> None:
    outline = recognise(checkpoint_of(shapes.timm_vit(d=768)))
    assert outline.assumed == (
        "The file does not tell the number of heads: 12 heads of 64 rows were assumed.",
    )


def test_that_heads_given_by_the_user_replace_the_assumption() -> None:
    outline = recognise(checkpoint_of(shapes.timm_vit(d=768)), heads=8)
    assert (outline.assumed, outline.stages[0].blocks[1].head_dim) == ((), 96)


@pytest.mark.parametrize("heads", [0, -1, 5, 769])
def test_that_heads_that_do_not_divide_are_refused(heads) -> None:
    with pytest.raises(BadRequest, match="do not divide the 768 rows"):
        recognise(checkpoint_of(shapes.timm_vit(d=768)), heads=heads)


def test_that_heads_that_contradict_the_file_are_refused() -> None:
    state = shapes.mmdetection_swin()
    with pytest.raises(BadRequest, match="the tensors of the file tell that the first block has 3"):
        recognise(checkpoint_of(state), heads=6)
    assert recognise(checkpoint_of(state), heads=3).assumed == ()


def test_that_a_pyramid_grows_from_the_first_stage() -> None:
    state = timm_shapes("pvt_v2_b1")
    outline = recognise(checkpoint_of(state), heads=2)
    assert [stage.blocks[0].num_heads for stage in outline.stages] == [2, 4, 10, 16]
    assumed = recognise(checkpoint_of(state)).assumed
    assert "1 head of 64 rows in the first stage was assumed" in assumed[0]


def test_that_the_bias_table_outweighs_the_configuration() -> None:
    config = {"mmengine": {"model": {"backbone": {"num_heads": [1, 2, 4, 8]}}}}
    assert heads_of(shapes.mmdetection_swin(), config=config)[0] == 3


CONFIGURATIONS = [
    {"huggingface": {"model_type": "vit", "num_attention_heads": 6}},
    {"huggingface": {"vision_config": {"num_attention_heads": 6}, "num_attention_heads": 3}},
    {"mmengine": {"model": {"backbone": {"type": "VisionTransformer", "num_heads": 6}}}},
    {"mmengine": {"model": {"backbone": {"arch": {"embed_dims": 192, "num_heads": 6}}}}},
    {"timm": {"model_args": {"num_heads": 6}}},
    {"args": {"num_heads": 6}},
    {"hyper_parameters": {"num_heads": 6}},
]


@pytest.mark.parametrize("config", CONFIGURATIONS)
def test_that_a_configuration_tells_the_heads(config) -> None:
    outline = recognise(checkpoint_of(shapes.timm_vit(d=192), config=config))
    assert (outline.stages[0].blocks[0].num_heads, outline.assumed) == (6, ())


def test_that_the_user_corrects_a_configuration_that_is_of_another_model() -> None:
    checkpoint = checkpoint_of(shapes.timm_vit(d=192), config=CONFIGURATIONS[0])
    outline = recognise(checkpoint, heads=3)
    assert (outline.stages[0].blocks[0].num_heads, outline.assumed) == (3, ())


@pytest.mark.parametrize(
    "config",
    [
        {"huggingface": {"num_attention_heads": "6"}},
        {"huggingface": {"num_attention_heads": 7}},
        {"huggingface": {"num_attention_heads": [2, 4]}},
        {"huggingface": {"num_attention_heads": True}},
        {"huggingface": ["num_attention_heads"]},
        {"mmengine": {"model": {"backbone": None}}},
        {"args": None},
    ],
)
def test_that_a_useless_configuration_is_passed_over(config) -> None:
    outline = recognise(checkpoint_of(shapes.timm_vit(d=192), config=config))
    assert (outline.stages[0].blocks[0].num_heads, len(outline.assumed)) == (3, 1)


NAMED = [
    "vit_tiny_patch16_224",
    "deit_tiny_patch16_224",
    "vit_huge_patch14_gap_224",
    "vit_so400m_patch14_siglip_gap_224",
    "vit_giant_patch14_dinov2",
    "vit_giantopt_patch16_siglip_gap_256",
    "vit_base_patch16_gap_224",
    "vit_huge_plus_patch16_dinov3",
    "vit_7b_patch16_dinov3",
    "eva02_small_patch14_224",
    "aimv2_large_patch14_224",
    "vit_small_resnet26d_224",
]


@pytest.mark.parametrize("name", NAMED)
def test_that_the_name_of_a_published_model_tells_the_heads(name) -> None:
    module = timm_module(name)
    truth = next(m.num_heads for m in module.modules() if hasattr(m, "num_heads"))
    state = {n: tuple(t.shape) for n, t in module.state_dict().items()}
    config = {"timm": {"architecture": name}}
    outline = recognise(checkpoint_of(state, config=config))
    assert (outline.stages[0].blocks[0].num_heads, outline.assumed) == (truth, ())
    assert recognise(checkpoint_of(state, config=config), heads=1).depth == outline.depth


def test_that_names_without_heads_of_64_rows_are_not_taken_for_standard_ones() -> None:
    state = timm_shapes("test_vit")
    outline = recognise(checkpoint_of(state, config={"timm": {"architecture": "test_vit"}}))
    assert len(outline.assumed) == 1


def test_that_the_arguments_of_a_training_name_the_architecture_and_the_family() -> None:
    config = {"args": {"model": "deit_tiny_patch16_224"}}
    outline = recognise(checkpoint_of(shapes.timm_vit(), config=config))
    assert (outline.family, outline.assumed) == ("DeiT", ())


def test_that_a_norm_of_each_query_tells_the_length_of_a_head() -> None:
    state = shapes.timm_vit(d=192)
    for block in (0, 1):
        for which in ("q_norm", "k_norm"):
            state[f"blocks.{block}.attn.{which}.weight"] = (48,)
    outline = recognise(checkpoint_of(state))
    assert (outline.stages[0].blocks[0].num_heads, outline.assumed) == (4, ())
    assert any("normalised" in note for note in outline.notes)
