from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from inspector.analysis.matching import match, shape_of
from inspector.core.comparison import MatchKind
from inspector.core.outline import Matrix, Stored
from tests import models


def floating(model):
    return {name for name, tensor in model.checkpoint.tensors.items() if tensor.is_floating}


PAIRS = {
    "same naming": (models.vit(), models.vit(models.vit_state(seed=1))),
    "other naming": (models.vit(), models.vit(naming="separate")),
    "other depth": (models.vit(), models.vit(models.vit_state(depth=2))),
    "prefix": (models.swin(), models.swin(prefix="backbone.")),
    "unfolded": (models.swin(), models.swin(prefix="backbone.", unfold=True)),
    "unlike": (models.vit(), models.swin()),
}


@pytest.mark.parametrize("name", PAIRS)
def test_that_every_floating_tensor_of_both_files_is_accounted_for(name):
    a, b = PAIRS[name]
    matches = match(a, b).matches
    for model, names in ((a, [m.name_a for m in matches]), (b, [m.name_b for m in matches])):
        uses = Counter(stored.tensor for stored in model.outline.roles().values())
        found = Counter(name for name in names if name)
        assert found.keys() == floating(model)
        assert all(found[tensor] == uses.get(tensor, 1) for tensor in found)
    assert max(Counter(m.role for m in matches).values()) == 1


def test_that_a_file_matches_itself_completely():
    matching = match(models.swin(), models.swin())
    assert {m.kind for m in matching.matches} == {MatchKind.MATCHED}
    assert matching.sentence == f"{len(matching.matches)} matched"


def test_that_another_naming_of_the_same_model_is_renamed_and_nothing_is_left_over():
    a, b = PAIRS["other naming"]
    renamed = {m.role for m in match(a, b).of_kind(MatchKind.RENAMED)}
    assert renamed == {
        f"S0 B{n} {m}.{kind}" for n in range(3) for m in Matrix for kind in ("weight", "bias")
    }
    assert match(a, b).count(MatchKind.ONLY_A) == match(a, b).count(MatchKind.ONLY_B) == 0


def test_that_a_prefix_is_a_rename_also_of_tensors_without_a_role():
    matching = match(*PAIRS["prefix"])
    assert {m.kind for m in matching.matches} == {MatchKind.RENAMED}
    fpn = next(m for m in matching.matches if m.role == "fpn.lateral.weight")
    assert (fpn.name_a, fpn.name_b) == ("fpn.lateral.weight", "backbone.fpn.lateral.weight")


def test_that_a_tensor_of_another_shape_is_said_to_differ():
    state = models.vit_state()
    state["pos_embed"] = state["pos_embed"][:, :5]
    (found,) = match(models.vit(), models.vit(state)).of_kind(MatchKind.SHAPE_DIFFERS)
    assert (found.role, found.shape_a, found.shape_b) == ("pos_embed", (1, 13, 12), (1, 5, 12))


def test_that_patch_merging_in_another_channel_order_is_not_compared_and_this_is_said():
    matching = match(*PAIRS["unfolded"])
    roles = [m.role for m in matching.of_kind(MatchKind.ONLY_B)]
    assert roles == [f"downsample.{n}.reduction.weight (unfold order)" for n in range(3)]
    assert matching.count(MatchKind.ONLY_A) == 3
    assert any("another channel order" in note for note in matching.notes)
    assert not any("channel order" in note for note in match(*PAIRS["prefix"]).notes)


def test_that_notes_say_whose_they_are():
    a, b = models.vit(), models.vit()
    a = a.with_outline(replace(a.outline, notes=("alone", "shared")))
    b = b.with_outline(replace(b.outline, notes=("shared",)))
    assert match(a, b).notes[:2] == ("A: alone", "Both: shared")


def test_that_integer_tensors_are_counted_in_a_note():
    assert (
        "A: 9 tensors of integers (indices, counters) are not matched."
        in match(models.swin(), models.vit()).notes
    )


def test_that_different_numbers_of_heads_are_noted():
    notes = match(models.vit(heads=3), models.vit(heads=6)).notes
    assert any("A counts 3 heads where B counts 6 (3 blocks)" in note for note in notes)


def test_that_a_stray_tensor_named_like_a_role_is_not_lost():
    state = models.vit_state()
    state["norm1"] = state["patch_embed.weight"] = np.ones((2, 2), np.float32)
    matching = match(models.vit(state), models.vit())
    assert {m.name_a for m in matching.matches} >= {"norm1", "patch_embed.weight"}


@pytest.mark.parametrize(
    "stored",
    [
        Stored("t"),
        Stored("t", ((1, 3),)),
        Stored("t", ((0, 1), (3, 5))),
        Stored("t", ((2, 5),), axis=1),
        Stored("t", axis=1, shape=(3, 10)),
    ],
)
def test_that_the_shape_of_a_part_is_known_without_reading_it(stored):
    reads = []
    model = models.vit()
    file = models.checkpoint({"t": np.zeros((6, 5), np.float32)}, reads=reads)
    model = replace(model, checkpoint=file)
    shape = shape_of(model, stored)
    assert reads == []
    assert shape == model.read(stored).shape
