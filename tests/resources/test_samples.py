"""The pair of checkpoints that comes with the program is what its page says it is."""

import ast
import hashlib
from collections.abc import Iterator

import numpy as np
import pytest

from inspector.checkpoints import open_checkpoint
from inspector.core.outline import Matrix
from inspector.families import open_model
from inspector.families.model import Model
from resources import help_pages, resource, samples
from tests.resources.inert import contents

DEPTHS = [2, 2, 18, 2]


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Model, Model]]:
    reference, tuned = samples()
    with open_model(reference) as a, open_model(tuned) as b:
        yield a, b


@pytest.fixture(scope="module")
def runner_file() -> dict:
    return contents(samples()[1])[0]


def test_that_what_is_missing_from_an_installation_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"samples/absent\.pth is missing"):
        resource("samples/absent.pth")


def test_that_the_help_pages_tell_of_the_samples() -> None:
    assert "samples.md" in [page.name for page in help_pages()]


def test_that_both_samples_stay_within_seven_mebibytes() -> None:
    assert sum(path.stat().st_size for path in samples()) <= 7 * 2**20


def test_that_the_page_on_the_samples_has_their_checksums() -> None:
    page = resource("samples/README.md").read_text(encoding="utf-8")
    for path in samples():
        assert hashlib.sha256(path.read_bytes()).hexdigest() in page


def test_that_each_sample_is_a_swin_of_24_blocks_in_four_stages(pair) -> None:
    for model in pair:
        assert model.outline.family == "Swin"
        assert [len(stage.blocks) for stage in model.outline.stages] == DEPTHS
        assert [block.num_heads for block in model.outline.blocks()] == list(
            np.repeat([1, 2, 4, 8], DEPTHS)
        )
        assert not model.outline.assumed


def test_that_the_samples_follow_two_namings(pair) -> None:
    assert [model.outline.source for model in pair] == ["official Swin", "MMDetection"]


def test_that_the_pretrained_sample_names_no_foreign_class(pair) -> None:
    assert pair[0].checkpoint.foreign == ()


def test_that_the_fine_tuned_sample_names_mmengines_classes(pair) -> None:
    foreign = pair[1].checkpoint.foreign
    assert "mmengine.logging.history_buffer.HistoryBuffer" in foreign
    assert any(name.endswith(".getattr") for name in foreign)


def test_that_the_configuration_agrees_with_the_weights(pair) -> None:
    outline, config = pair[1].outline, pair[1].checkpoint.config["mmengine"]
    backbone = config["model"]["backbone"]
    assert backbone["type"] == "SwinTransformer"
    assert list(backbone["depths"]) == DEPTHS
    assert backbone["embed_dims"] == next(outline.blocks()).embed_dim
    assert list(backbone["num_heads"]) == [stage.blocks[0].num_heads for stage in outline.stages]
    assert pair[1].checkpoint.meta["epoch"] == config["train_cfg"]["max_epochs"]


def test_that_the_configuration_says_that_no_detector_was_trained(pair) -> None:
    config = pair[1].checkpoint.config["mmengine"]
    assert "no detector was trained" in config["description"]
    assert config["model"]["type"] == "mmpretrain.ImageClassifier"


def test_that_exactly_the_frozen_stage_is_bit_for_bit_the_pretrained_one(pair) -> None:
    a, b = pair
    frozen = b.checkpoint.config["mmengine"]["model"]["backbone"]["frozen_stages"]
    assert frozen == 1
    for block in a.outline.blocks():
        for matrix in Matrix:
            before, after = (np.asarray(model.weight(block.address, matrix)) for model in pair)
            same = before.tobytes() == after.tobytes()
            assert same == (block.address.stage < frozen), f"{block.address} {matrix.label}"


def test_that_the_patch_embedding_and_the_first_merging_are_frozen_too(pair) -> None:
    before, after = (model.checkpoint.tensors for model in pair)
    np.testing.assert_array_equal(
        before["patch_embed.proj.weight"].numpy(),
        after["backbone.patch_embed.projection.weight"].numpy(),
    )
    merging = before["layers.0.downsample.reduction.weight"].numpy()
    rows, length = merging.shape
    unfolded = merging.reshape(rows, 2, 2, length // 4).transpose(0, 3, 2, 1).reshape(rows, length)
    np.testing.assert_array_equal(
        unfolded, after["backbone.stages.0.downsample.reduction.weight"].numpy()
    )


def test_that_every_weight_is_a_number() -> None:
    for path in samples():
        with open_checkpoint(path) as checkpoint:
            for tensor in checkpoint.tensors.values():
                assert np.isfinite(tensor.numpy()).all(), tensor.name


def test_that_the_fine_tuned_sample_holds_what_a_runner_writes(runner_file) -> None:
    assert set(runner_file) == {
        "meta",
        "state_dict",
        "message_hub",
        "optimizer",
        "param_schedulers",
    }
    assert set(runner_file["meta"]) == {
        "epoch",
        "iter",
        "cfg",
        "seed",
        "experiment_name",
        "time",
        "mmengine_version",
        "dataset_meta",
    }
    assert set(runner_file["message_hub"]) == {"log_scalars", "runtime_info", "resumed_keys"}
    assert {"state", "param_groups", "base_param_settings"} == set(runner_file["optimizer"])


def test_that_the_configuration_text_is_only_assignments_of_literals(runner_file) -> None:
    for statement in ast.parse(runner_file["meta"]["cfg"]).body:
        assert isinstance(statement, ast.Assign)
        calls = [node for node in ast.walk(statement.value) if isinstance(node, ast.Call)]
        assert all(isinstance(call.func, ast.Name) and call.func.id == "dict" for call in calls)


def test_that_the_loss_curve_has_a_value_for_every_iteration_and_falls(runner_file) -> None:
    buffer = runner_file["message_hub"]["log_scalars"]["train/loss"]
    losses = buffer.state["_log_history"]
    assert len(losses) == runner_file["meta"]["iter"] == len(buffer.state["_count_history"])
    assert losses[-50:].mean() < losses[:50].mean()
    assert set(buffer.state["statistics_methods"]) == {"min", "max", "current", "mean"}


def test_that_the_optimizer_has_state_for_what_was_trained_only(runner_file) -> None:
    names = [name for name in runner_file["state_dict"] if not name.endswith("_index")]
    groups, state = (runner_file["optimizer"][key] for key in ("param_groups", "state"))
    assert [group["params"] for group in groups] == [[n] for n in range(len(names))]
    frozen = ("backbone.patch_embed.", "backbone.stages.0.")
    assert set(state) == {n for n, name in enumerate(names) if not name.startswith(frozen)}
    assert all(set(entry) == {"step", "exp_avg", "exp_avg_sq"} for entry in state.values())


def test_that_norms_and_position_biases_are_not_decayed(runner_file) -> None:
    names = [name for name in runner_file["state_dict"] if not name.endswith("_index")]
    for name, group in zip(names, runner_file["optimizer"]["param_groups"], strict=True):
        undecayed = "norm" in name or "relative_position_bias_table" in name
        assert (group["weight_decay"] == 0) == undecayed, name


def test_that_every_scheduler_has_a_rate_for_every_group(runner_file) -> None:
    groups = len(runner_file["optimizer"]["param_groups"])
    for scheduler in runner_file["param_schedulers"]:
        assert len(scheduler["base_values"]) == len(scheduler["_last_value"]) == groups + 1
