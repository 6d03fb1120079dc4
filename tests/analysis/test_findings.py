"""What is said of a comparison whose truth is known because it was made up."""

from dataclasses import replace

import numpy as np
import pytest

from inspector.analysis.change_points import MINIMUM
from inspector.analysis.evolution import compare, compare_series
from inspector.analysis.invariant import with_products
from inspector.analysis.local_findings import chance_of_as_many, local_findings
from inspector.analysis.patterns import find_patterns
from inspector.analysis.wording import count, listed, number, percent, runs
from inspector.core.address import Address
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from tests import models, synthetic


def findings(comparison):
    return find_patterns(comparison, permutations=100).findings


def sentences(comparison):
    return [finding.sentence for finding in findings(comparison)]


def said(comparison, words):
    found = [sentence for sentence in sentences(comparison) if words in sentence]
    assert len(found) <= 1
    return found[0] if found else ""


def state_with_value(size):
    """A Swin whose V rows are `size` times as long as those of Q and K."""
    state = models.swin_state(width=16)
    for name, array in state.items():
        if name.endswith("qkv.weight"):
            third = array.shape[1]
            array[2 * third :] *= size
    return state


def turned(state, change):
    """Every row changed by a share of its own length that is given for Q, K and V."""
    random = np.random.default_rng(2)
    after = dict(state)
    for name, array in state.items():
        if name.endswith("qkv.weight"):
            width = array.shape[1]
            share = np.repeat(change, width)[:, None]
            step = random.normal(size=array.shape) / np.sqrt(width)
            length = np.linalg.norm(array, axis=1, keepdims=True)
            after[name] = (array + share * length * step).astype(np.float32)
    return after


def scale_pair(size, change):
    state = state_with_value(size)
    return compare(models.swin(state), models.swin(turned(state, change)))


def test_that_a_frozen_stage_is_named_with_its_blocks():
    assert said(synthetic.comparison(), "frozen: its") == (
        "Stage 0 (blocks 0 to 1) is frozen: its Q, K and V are bit for bit those of A."
    )


def test_that_frozen_blocks_inside_a_stage_are_named():
    state = models.swin_state()
    keep = [f"layers.2.blocks.{n}." for n in (0, 1)] + ["layers.3.blocks.1."]
    after = models.changed(state, 0.1)
    after |= {name: state[name] for name in state if name.startswith(tuple(keep))}
    found = sentences(compare(models.swin(state), models.swin(after)))
    assert any(one.startswith("Blocks S2 B0 to B1 are frozen: their Q, K and V") for one in found)
    assert any(one.startswith("Block S3 B1 is frozen: its Q, K and V") for one in found)


def test_that_a_matrix_frozen_alone_is_named():
    state = models.vit_state()
    after = models.changed(state, 0.1)
    name = "blocks.1.attn.qkv.weight"
    after[name][24:] = state[name][24:]
    found = said(compare(models.vit(state), models.vit(after)), "alone")
    assert found.startswith("Value alone is frozen in 1 block (S0 B1)")


def test_that_a_file_compared_with_itself_is_said_to_be_frozen_and_nothing_else():
    found = findings(compare(models.swin(), models.swin()))
    assert [one.sentence for one in found] == [
        "All 9 blocks are frozen: their Q, K and V are bit for bit those of A."
    ]


def test_that_the_largest_and_smallest_change_are_named_and_lead_there():
    state = models.swin_state(width=16)
    after = turned(state, [0.1, 0.1, 0.1])
    for stage, block, share in ((3, 1, 0.4), (1, 0, 0.01)):
        name = f"layers.{stage}.blocks.{block}.attn.qkv.weight"
        after[name] = turned({name: state[name]}, [share] * 3)[name]
    found = findings(compare(models.swin(state), models.swin(after)))
    (largest,) = [one for one in found if "changed most" in one.sentence]
    assert largest.address == Address(3, 1)
    assert "and least in S1 B0 " in largest.sentence
    assert largest.metric is Metric.RELATIVE_DISTANCE
    (stages,) = [one for one in found if "stage 0 to stage 3" in one.sentence]
    assert stages.sentence.count(",") == 2


def test_that_short_value_vectors_are_said_to_look_more_similar_for_their_length_only():
    found = said(scale_pair(0.5, [0.1, 0.1, 0.1]), "smallest Euclidean distance")
    assert "Value looks more similar mainly because its vectors are shorter" in found
    assert "they changed about as much" in found
    assert "Its lower dot product (mean " in found


def test_that_value_vectors_that_changed_more_for_their_length_are_said_to():
    found = said(scale_pair(0.3, [0.1, 0.1, 0.2]), "smallest Euclidean distance")
    assert "relative to their length they changed more" in found


def test_that_length_is_not_called_the_cause_where_the_relative_change_explains_as_much():
    found = said(scale_pair(0.85, [0.1, 0.1, 0.088]), "smallest Euclidean distance")
    assert "Its vectors are shorter" in found
    assert "the picture is mixed" in found
    assert "because" not in found


def test_that_a_few_tiny_vectors_do_not_make_the_rest_look_more_changed():
    state = state_with_value(0.8)
    after = turned(state, [0.1, 0.1, 0.07])
    for name, array in state.items():
        if name.endswith("qkv.weight"):
            last = array.shape[0] - 1
            array[last] *= 1e-4
            after[name][last] = array[last] + np.float32(1e-3) * after[name][last - 1]
    found = said(compare(models.swin(state), models.swin(after)), "smallest Euclidean distance")
    assert "because" not in found
    assert "the picture is mixed" in found


def test_that_nothing_is_said_of_a_dot_product_that_is_not_lower():
    state = state_with_value(0.5)
    after = turned(state, [1.0, 1.0, 1.0])
    for name, array in after.items():
        if name.endswith("qkv.weight"):
            value = np.arange(array.shape[0]) >= 2 * array.shape[1]
            array -= np.float32(0.65) * state[name]
            array[value] = np.float32(2.19) * state[name][value]
    found = said(compare(models.swin(state), models.swin(after)), "smallest Euclidean distance")
    assert "because its vectors are shorter" in found
    assert "dot product" not in found


def test_that_value_vectors_that_really_changed_less_are_said_to():
    found = said(scale_pair(0.5, [0.1, 0.1, 0.05]), "smallest Euclidean distance")
    assert "Its vectors are shorter" in found
    assert "relative to their length they changed less too" in found
    assert "only because" not in found
    same_length = said(scale_pair(1.0, [0.1, 0.1, 0.05]), "smallest Euclidean distance")
    assert "shorter" not in same_length
    assert "Relative to their length they changed less too" in same_length


def test_that_nothing_is_resolved_where_there_is_no_contradiction():
    assert said(scale_pair(1.0, [0.1, 0.1, 0.1]), "smallest Euclidean distance") == ""


def test_that_the_numbers_of_the_resolution_are_those_of_the_data():
    comparison = scale_pair(0.5, [0.1, 0.1, 0.1])
    found = said(comparison, "smallest Euclidean distance")
    for metric in (Metric.EUCLIDEAN, Metric.NORM_A, Metric.RELATIVE_DISTANCE):
        for matrix in Matrix:
            cells = [cell[metric] for _, cell in comparison.cells() if cell.matrix is matrix]
            assert number(float(np.concatenate(cells).mean())) in found


def test_that_a_change_of_length_is_told_from_one_of_direction():
    state = models.swin_state(width=16)
    longer = dict(state)
    for name, array in state.items():
        if name.endswith("qkv.weight"):
            longer[name] = array * np.float32(1.25)
    found = said(compare(models.swin(state), models.swin(longer)), "squared Euclidean change")
    assert found.count("less than 0.001 %") + found.count(" 0 %") == 3
    found = said(scale_pair(1.0, [0.1, 0.1, 0.1]), "squared Euclidean change")
    shares = [float(word) for word in found.split() if word.replace(".", "").isdigit()]
    assert min(shares) > 90


def test_that_the_share_of_direction_is_that_of_the_matrices():
    state = models.vit_state(depth=1)
    comparison = compare(models.vit(state), models.vit(models.changed(state, 0.3)))
    found = said(comparison, "squared Euclidean change")
    for cell in comparison.blocks[0].matrices:
        assert f"{percent(cell.share_of_direction)} of that of {cell.matrix.label}" in found


def test_that_head_clusters_are_told_with_the_number_of_tests_and_what_chance_gives():
    found = said(synthetic.comparison(), "differs between heads")
    assert "of 66 matrices (permutation test, p ≤ 0.05; 3.3 expected by chance)" in found
    assert "η² = " in found
    assert "0.0099 is the least that 100 permutations can give" in found


def test_that_noise_is_not_told_as_head_clusters():
    state = models.swin_state(width=16)
    comparison = compare(models.swin(state), models.swin(turned(state, [0.1] * 3)))
    assert said(comparison, "No more head clusters than chance would give")
    assert "heads account for" not in " ".join(sentences(comparison))


def test_that_heads_are_said_to_account_for_what_they_do_in_the_matrices_that_differ():
    comparison = synthetic.comparison()
    patterns = find_patterns(comparison, permutations=100)
    cosine = [p for p in patterns.patterns.values() if p.metric is Metric.COSINE_DISTANCE]
    shares = sorted(p.eta_squared for p in cosine if p.p_value <= 0.05)
    middle = (shares[(len(shares) - 1) // 2] + shares[len(shares) // 2]) / 2
    found = said(comparison, "differs between heads")
    assert f"differs between heads in {len(shares)} of 66 matrices" in found
    assert (
        f"heads account for {percent(middle)} of the variance over vectors in the median" in found
    )
    assert f"for {percent(shares[-1])} (η² = {number(shares[-1])}" in found


def test_that_a_fall_at_the_end_of_a_matrix_is_told_with_its_z():
    state = models.swin_state(width=64, depths=(1, 1, 1, 1))
    after = turned(state, [0.1] * 3)
    name = "layers.1.blocks.0.attn.qkv.weight"
    width = state[name].shape[1]
    end = slice(2 * width - 8, 2 * width)
    after[name][end] = state[name][end] + 0.1 * (after[name][end] - state[name][end])
    options = {"depths": (1, 1, 1, 1)}
    comparison = compare(models.swin(state, **options), models.swin(after, **options))
    (found,) = [
        one
        for one in findings(comparison)
        if one.sentence.startswith("The cosine distance stands out at the end of 1 matrix")
    ]
    assert (found.address, found.matrix) == (Address(1, 0), Matrix.K)
    assert "lower in the last head of S1 B0 Key (8 vectors, z = −" in found.sentence
    assert "of 24 ends tested" in found.sentence


def test_that_no_fall_is_told_in_noise():
    state = models.swin_state(width=16)
    comparison = compare(models.swin(state), models.swin(turned(state, [0.1] * 3)))
    assert not said(comparison, "The cosine distance stands out")


def test_that_change_points_at_heads_are_counted_against_chance():
    found = said(synthetic.comparison(width=64), "change points of the cosine distance")
    assert "of a boundary between heads" in found
    words = found.split()
    near, chance = int(words[words.index("vectors,") + 1]), float(words[words.index("heads;") + 1])
    assert near > 3 * chance


def test_that_change_points_near_heads_are_held_against_the_places_where_one_can_lie():
    comparison = synthetic.comparison(width=32)
    patterns = find_patterns(comparison, permutations=100).patterns
    total = near = 0
    chance = 0.0
    for block, cell in comparison.cells():
        points = patterns[block.address, cell.matrix, Metric.COSINE_DISTANCE].change_points
        size = cell.count // block.num_heads
        edges = [size * head for head in range(1, block.num_heads)]
        if not edges:
            continue
        places = range(MINIMUM, cell.count - MINIMUM + 1)
        beside = {place for place in places if min(abs(place - edge) for edge in edges) <= 2}
        total += len(points)
        near += sum(point in beside for point in points)
        chance += len(points) * len(beside) / len(places)
    assert said(comparison, "change points of the cosine distance") == (
        f"Of {total} change points of the cosine distance along the vectors, {near} lie within 2 "
        f"vectors of a boundary between heads; {number(chance)} would if they lay anywhere."
    )


@pytest.mark.parametrize(("offset", "near"), [(-3, 0), (-2, 2), (2, 2), (3, 0)])
def test_that_two_vectors_from_a_boundary_are_near_and_three_are_not(offset, near):
    comparison = synthetic.comparison(width=64)
    places = {}
    for block, cell in comparison.cells():
        if block.num_heads == 2 and len(places) < 2:
            places[block.address, cell.matrix] = cell.count // 2 + offset
    patterns = {
        key: replace(pattern, change_points=(places[key[:2]],) if key[:2] in places else ())
        for key, pattern in find_patterns(comparison, permutations=10).patterns.items()
    }
    (found,) = [
        finding.sentence
        for finding in local_findings(comparison, patterns, permutations=10)
        if "change points" in finding.sentence
    ]
    assert f"Of 2 change points of the cosine distance along the vectors, {near} lie" in found


def unrelated(products):
    a, b = models.swin(), models.swin(models.swin_state(seed=9))
    series = compare_series(a, [b])
    return (with_products(series, a, [b]) if products else series).comparisons[0]


def test_that_unrelated_models_are_flagged_first_and_rows_are_not_interpreted():
    comparison = unrelated(products=False)
    found = findings(comparison)
    assert comparison.unrelated
    assert found[0].sentence.startswith("B was in all likelihood not trained from A")
    assert number(comparison.median_cosine_distance) in found[0].sentence
    assert len(found) == 1


def test_that_the_mean_products_of_unrelated_models_are_said():
    comparison = unrelated(products=True)
    mean = np.concatenate([block.query_key for block in comparison.blocks]).mean()
    first = findings(comparison)[0].sentence
    assert f"{number(float(mean))} (query-key, 34 heads)" in first
    assert "in the order of the files" in first


def test_that_zero_vectors_are_counted():
    state = models.vit_state()
    state["blocks.1.attn.qkv.weight"][[13, 14, 30]] = 0
    after = models.changed(models.vit_state(), 0.1)
    found = said(compare(models.vit(state), models.vit(after)), "undefined")
    assert found.startswith(
        "3 vectors in 2 matrices are zero in A or B (most in S0 B1 Key: 2); the cosine distance is "
        "undefined"
    )


def test_that_a_reference_of_zeros_is_still_put_into_words():
    state = models.vit_state()
    zero = {
        name: np.zeros_like(array) if "qkv.weight" in name else array
        for name, array in state.items()
    }
    assert any("undefined" in one for one in sentences(compare(models.vit(zero), models.vit())))


def test_that_what_was_assumed_or_left_out_is_said():
    state = models.vit_state()
    short = {name: array for name, array in state.items() if not name.startswith("blocks.2.")}
    after = models.changed(short, 0.1)
    found = sentences(compare(models.vit(state), models.vit(after)))
    assert "Assumed of A: the number of heads, 3, is not in the file." in found
    assert (
        "1 block could not be compared in full; the first is S0 B2: only the reference has this "
        "block." in found
    )


def test_that_findings_come_the_weightiest_first_and_lead_somewhere():
    found = findings(synthetic.comparison())
    assert [one.weight for one in found] == sorted((one.weight for one in found), reverse=True)
    assert found[0].address == Address(0, 0)


def test_that_an_empty_comparison_says_nothing():
    comparison = replace(synthetic.comparison(), blocks=())
    assert findings(comparison) == ()


@pytest.mark.parametrize(("successes", "tests"), [(0, 10), (3, 10), (10, 10), (60, 2000)])
def test_that_the_chance_of_as_many_is_the_binomial_tail(successes, tests):
    from scipy.stats import binom

    expected = binom.sf(successes - 1, tests, 0.05)
    assert chance_of_as_many(successes, tests, 0.05) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.97, "97 %"),
        (0.996, "99.6 %"),
        (0.9999, "99.99 %"),
        (0.0004, "0.04 %"),
        (1 - 1e-9, "more than 99.999 %"),
        (1e-9, "less than 0.001 %"),
        (2.5, "250 %"),
    ],
)
def test_that_percentages_never_round_to_all_or_nothing(share, text):
    assert percent(share) == text


def test_that_words_are_joined_and_counted_as_in_english():
    assert listed(["Q", "K", "V"]) == "Q, K and V"
    assert listed(["Q"]) == "Q"
    assert count(1, "matrix", "matrices") == "1 matrix"
    assert count(2, "matrix", "matrices") == "2 matrices"
    assert number(-0.12345) == "−0.123"
    addresses = [Address(0, 1), Address(0, 0), Address(1, 2), Address(0, 3)]
    assert runs(addresses) == [(0, 0, 1), (0, 3, 3), (1, 2, 2)]
