import numpy as np
import pytest

from inspector.analysis.evolution import compare, compare_series
from inspector.analysis.patterns import find_patterns
from inspector.analysis.reading import stacked
from inspector.analysis.vectors import VectorMeter
from inspector.core.address import Address
from inspector.core.comparison import MatchKind
from inspector.core.errors import BadCheckpoint, BadRequest, Cancelled, NotComparable
from inspector.core.metrics import Metric
from inspector.core.outline import BlockOutline, Matrix, ModelOutline, StageOutline, Stored
from inspector.families.model import Model
from tests import models
from tests.reference import evolution as slow


def tuned(change=0.1, **options):
    state = models.swin_state(**options)
    return models.swin(models.changed(state, change), file=f"tuned_{change}.pth")


@pytest.mark.parametrize("axis", ["out", "in"])
def test_that_every_vector_of_every_block_equals_its_slow_twin(axis):
    a, b = models.vit(), models.vit(models.changed(models.vit_state(), 0.1))
    comparison = compare(a, b, axis=axis)
    assert [block.address for block in comparison.blocks] == [Address(0, n) for n in range(3)]
    for block, cell in comparison.cells():
        weights = [model.weight(block.address, cell.matrix) for model in (a, b)]
        expected = slow.matrix_metrics(*weights, axis=axis)
        for metric in Metric:
            np.testing.assert_allclose(cell[metric], expected[metric.value], rtol=1e-12)


def test_that_rows_belong_to_their_heads_and_columns_to_none():
    a, b = models.vit(heads=3), models.vit()
    rows = compare(a, b).blocks[0].matrices[0]
    assert rows.head_of.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert rows.vector_length == 12
    assert (compare(a, b, axis="in").blocks[0].matrices[0].head_of == -1).all()


def uneven(change=0.0):
    """One block of 3 heads: Q and K of 4 rows each, V of 6, on tokens of width 10."""
    random = np.random.default_rng(3)
    state = {str(m): random.normal(size=(18 if m is Matrix.V else 12, 10)) for m in Matrix}
    block = BlockOutline(
        address=Address(0, 0),
        global_index=0,
        embed_dim=10,
        num_heads=3,
        head_dim=4,
        value_dim=6,
        weights={m: Stored(str(m)) for m in Matrix},
    )
    outline = ModelOutline("ViT", "uneven", (StageOutline(0, (block,)),))
    return Model(models.checkpoint(models.changed(state, change)), outline)


@pytest.mark.parametrize("axis", ["out", "in"])
def test_that_matrices_that_are_not_square_keep_heads_lengths_and_numbers(axis):
    a, b = uneven(), uneven(0.1)
    for matrix in compare(a, b, axis=axis).blocks[0].matrices:
        size, rows = (6, 18) if matrix.matrix is Matrix.V else (4, 12)
        heads = np.arange(rows) // size if axis == "out" else np.full(10, -1)
        assert matrix.head_of.tolist() == heads.tolist()
        assert matrix.vector_length == (10 if axis == "out" else rows)
        weights = [model.weight(Address(0, 0), matrix.matrix) for model in (a, b)]
        expected = slow.matrix_metrics(*weights, axis=axis)
        for metric in Metric:
            np.testing.assert_allclose(matrix[metric], expected[metric.value], rtol=1e-12)


def test_that_blocks_keep_their_place_in_the_stages():
    comparison = compare(models.swin(), tuned())
    assert comparison.stage_starts == (0, 2, 4, 7)
    assert [block.global_index for block in comparison.blocks] == list(range(9))
    assert [block.num_heads for block in comparison.blocks] == [1, 1, 2, 2, 4, 4, 4, 8, 8]
    assert comparison.complete


def test_that_two_namings_of_one_model_compare_as_one():
    state = models.vit_state()
    a = models.vit(state)
    b = models.vit(models.vit_state(naming="separate"), naming="separate")
    comparison = compare(a, b)
    assert len(comparison.frozen) == 3
    assert comparison.matching.count(MatchKind.RENAMED) == 18


def test_that_a_frozen_stage_is_recognised_bit_for_bit():
    state = models.swin_state()
    after = models.changed(state, 0.1)
    frozen = {name: state[name] for name in state if name.startswith("layers.0.")}
    comparison = compare(models.swin(state), models.swin(after | frozen))
    assert comparison.frozen == (Address(0, 0), Address(0, 1))


def test_that_partial_results_grow_block_by_block_and_are_never_changed_again():
    seen = []
    final = compare(models.swin(), tuned(), partial=seen.append)
    assert [len(comparison.blocks) for comparison in seen] == list(range(1, 10))
    assert not any(comparison.complete for comparison in seen)
    assert seen[-1].blocks == final.blocks
    assert final.complete


def test_that_progress_counts_every_matrix_up_to_the_total():
    steps = []
    compare_series(
        models.swin(),
        [tuned(), tuned(0.2)],
        progress=lambda done, total, text="": steps.append((done, total, text)),
    )
    assert [step[0] for step in steps] == list(range(55))
    assert {step[1] for step in steps} == {54}
    assert steps[1][2] == "tuned_0.1.pth S0 B0 Query"


@pytest.mark.parametrize("when", [0, 1, 10])
def test_that_cancelling_ends_the_comparison_at_the_next_step(when):
    done_until = []

    def progress(done, total, text=""):
        done_until.append(done)
        if done == when:
            raise Cancelled

    with pytest.raises(Cancelled):
        compare(models.swin(), tuned(), progress=progress)
    assert done_until[-1] == when


def test_that_a_series_reads_every_tensor_of_the_reference_once():
    state = models.vit_state()
    reads = []
    reference = models.vit(state)
    counted = models.checkpoint(state, reads=reads)
    reference = type(reference)(counted, reference.outline)
    compared = [models.vit(models.changed(state, 0.1, seed=n)) for n in range(3)]
    series = compare_series(reference, compared)
    assert sorted(reads) == sorted(f"blocks.{n}.attn.qkv.weight" for n in range(3))
    alone = compare(models.vit(state), compared[2])
    for (_, cell), (_, expected) in zip(series.comparisons[2].cells(), alone.cells(), strict=True):
        np.testing.assert_array_equal(cell.values, expected.values)


def test_that_labels_name_the_models_and_default_to_the_files():
    series = compare_series(models.swin(), [tuned(), tuned(0.2)], labels=("ref", "one"))
    assert series.reference.label == "ref"
    assert [c.compared.label for c in series.comparisons] == ["one", "tuned_0.2.pth"]


def test_that_blocks_that_cannot_be_compared_are_listed_with_the_reason():
    state = models.vit_state(depth=3)
    narrow = dict(state)
    narrow["blocks.1.attn.qkv.weight"] = state["blocks.1.attn.qkv.weight"][:, :8]
    del narrow["blocks.2.attn.qkv.weight"], narrow["blocks.2.attn.qkv.bias"]
    short = {name: array for name, array in narrow.items() if not name.startswith("blocks.2.")}
    comparison = compare(models.vit(state), models.vit(short))
    assert [block.address for block in comparison.blocks] == [Address(0, 0)]
    (second, third) = comparison.skipped
    assert second[0] == Address(0, 1)
    assert second[1].startswith("Query is 12 x 12 in A and 12 x 8 in B")
    assert third == (Address(0, 2), "only the reference has this block.")
    deeper = compare(models.vit(short), models.vit(state))
    assert deeper.skipped[1] == (Address(0, 2), "only the compared model has this block.")


def test_that_a_block_with_one_unlike_matrix_compares_the_other_two():
    state = models.vit_state(naming="separate")
    other = dict(state)
    other["blocks.0.attn.value.weight"] = np.ones((6, 12), np.float32)
    comparison = compare(models.vit(state, naming="separate"), models.vit(other, naming="separate"))
    assert [cell.matrix for cell in comparison.blocks[0].matrices] == [Matrix.Q, Matrix.K]
    assert comparison.skipped == ((Address(0, 0), "Value is 12 x 12 in A and 6 x 12 in B."),)


def test_that_models_with_nothing_in_common_are_refused_saying_what_they_are():
    with pytest.raises(NotComparable) as caught:
        compare(models.vit(), models.swin())
    assert "A is ViT (timm) with 3 blocks of width 12" in caught.value.message
    assert "Swin (timm) with 9 blocks in 4 stages of widths 8 to 64" in caught.value.message
    assert caught.value.advice


def test_that_nothing_to_compare_with_is_refused():
    with pytest.raises(BadRequest):
        compare_series(models.vit(), [])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("axis", ["out", "in"])
@pytest.mark.parametrize("owner", ["A", "B"])
def test_that_weights_that_are_not_finite_are_refused_by_name(bad, axis, owner):
    state = models.vit_state()
    state["blocks.1.attn.qkv.weight"][14, 3] = bad
    pair = [models.vit(state, file="bad.pth"), models.vit()]
    with pytest.raises(BadCheckpoint, match=r"“blocks.1.attn.qkv.weight” of bad.pth holds 1 w"):
        compare(*(pair if owner == "A" else pair[::-1]), axis=axis)


def test_that_float64_weights_too_large_to_square_are_refused_by_name():
    state = {name: array.astype(np.float64) for name, array in models.vit_state().items()}
    state["blocks.0.attn.qkv.weight"][0, 0] = 1e200
    with pytest.raises(BadCheckpoint, match="so large"):
        compare(models.vit(state), models.vit())


def test_that_a_comparison_can_go_on_to_its_patterns_while_it_is_incomplete():
    seen = []
    compare(models.swin(), tuned(), partial=seen.append)
    assert len(find_patterns(seen[3], permutations=10).patterns) == 4 * 3 * len(Metric)


def test_that_a_fused_weight_gives_the_numbers_of_its_parts_measured_apart():
    random = np.random.default_rng(11)
    fused_a = random.normal(size=(30, 10)).astype(np.float32)
    fused_b = fused_a + random.normal(0, 0.1, size=(30, 10)).astype(np.float32)
    parts_a, parts_b = ([whole[i : i + 10] for i in (0, 10, 20)] for whole in (fused_a, fused_b))
    whole_a, whole_b = stacked(parts_a), stacked(parts_b)
    assert whole_a is not None
    assert whole_b is not None
    assert np.shares_memory(whole_a, fused_a)
    assert not whole_a.flags.writeable
    together = VectorMeter().measure(whole_a, whole_b)
    apart = [VectorMeter().measure(a, b) for a, b in zip(parts_a, parts_b, strict=True)]
    np.testing.assert_array_equal(together, np.concatenate(apart, axis=1))


def test_that_only_matrices_that_lie_one_above_the_other_are_stacked():
    whole = np.arange(60.0).reshape(6, 10)
    assert stacked([whole[:2], whole[4:]]) is None
    assert stacked([whole[2:4], whole[:2]]) is None
    assert stacked([whole[:2], whole[2:].astype(np.float32)]) is None
    assert stacked([whole[:, :5], whole[:, 5:]]) is None
    assert stacked([whole.T[:5], whole.T[5:]]) is None
    np.testing.assert_array_equal(stacked([whole[:1], whole[1:3], whole[3:]]), whole)
