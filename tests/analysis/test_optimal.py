"""The scores of pictures for modes, and the best of them; properties 16 to 18 of the methods."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.analysis import best_patches
from inspector.analysis import optimal as module
from inspector.analysis.measurement import Seen, SeenPicture
from inspector.analysis.modes import block_modes
from inspector.analysis.optimal import OptimalMeasurement, optimal_of
from inspector.analysis.token_spaces import tokens_in
from inspector.core.errors import BadRequest
from inspector.core.modes import ModeOptions, Product, TokenSpace
from inspector.core.optimal import SIGNS, OptimalOptions
from inspector.core.preparation import Preparation
from inspector.families.capture import Capture, capture
from inspector.families.windows import WindowRule, windows_on
from inspector.images.preparing import prepare
from tests.analysis.running import input_for, running
from tests.reference import optimal_images as slow

NORMED = OptimalOptions(None, ModeOptions(fold_norm=True), TokenSpace.NORMED)
FOLDED = OptimalOptions(None, ModeOptions(fold_norm=True, augment_bias=True), TokenSpace.NORMED)
ALL = OptimalOptions(None)
AUGMENTED = OptimalOptions(None, ModeOptions(augment_bias=True))
RESIDUAL = OptimalOptions(3, space=TokenSpace.RESIDUAL)
COMPAT = OptimalOptions(None, space=TokenSpace.RESIDUAL, compat=True)
CASES = [
    *(("vit", options) for options in (ALL, AUGMENTED, RESIDUAL, COMPAT, NORMED, FOLDED)),
    *((kind, ALL) for kind in ("registers", "distilled", "eva02", "norm after")),
    *(("detection swin", options) for options in (ALL, AUGMENTED, COMPAT)),
    ("swin v2", ALL),
]
SIGN = {"+": 1, "-": -1}


@lru_cache
def measurement_of(kind, options=ALL, top=4):
    model, network = running(kind)
    return OptimalMeasurement(model, network, options, top=top, device="cpu")


def run(network, pixels, placement, taps) -> Capture:
    with torch.inference_mode():
        # A copy: where numpy's memory begins may change how sums are rounded.
        return capture(network, torch.tensor(pixels), placement, taps=taps)


def seen_of(kind, seeds, options=ALL, *, fill=0) -> Seen:
    """Pictures run together; `fill` more are run and not measured."""
    measurement, (_, network) = measurement_of(kind, options), running(kind)
    prepared = [input_for(kind, seed=seed) for seed in seeds]
    pixels = np.stack([image.pixels for image in prepared] + [prepared[0].pixels] * fill)
    found = run(network, pixels, prepared[0].placement, measurement.taps)
    return Seen(network, found, [SeenPicture(image.placement) for image in prepared])


def measured(kind, seeds, options=ALL, **how):
    with torch.inference_mode():
        return measurement_of(kind, options).measure(seen_of(kind, seeds, options, **how))


def pairs_of(kind, address, shape, options):
    """As the twin cuts windows; the second version shifts no grid that fits into one window."""
    if "swin" not in kind or options.compat:
        return slow.visible_pairs(shape, None)
    side = {"detection swin": 4, "swin v2": 8}[kind]
    shifted = address.block % 2 and (kind == "detection swin" or shape[0] > side)
    return slow.visible_pairs(shape, (side, side), (side // 2, side // 2) if shifted else (0, 0))


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_that_scores_and_places_are_those_of_all_pairs_in_turn(kind, options):
    model, network = running(kind)
    measurement = measurement_of(kind, options)
    seen = seen_of(kind, [5], options)
    with torch.inference_mode():
        (record,) = measurement.measure(seen)
    rows = measurement.rows
    assert record["score"].dtype == np.float32
    assert record["score"].shape == (2, rows.count)
    assert record["place"].dtype == np.uint16
    assert record["place"].shape == (2, rows.count, 4)
    found_positive = 0
    for block in network.blocks:
        captured = seen.capture.blocks[block.address]
        grid, modes = captured.grid, block_modes(model, block.address, options.options)
        with torch.inference_mode():
            tokens = tokens_in(options.space, block, captured)[0, len(grid.prefix) :].numpy()
        pairs = pairs_of(kind, block.address, grid.shape, options)
        assert len(tokens) == grid.rows * grid.columns
        heads = {0, modes.num_heads - 1}
        for address in rows.addresses():
            if address.of_block != block.address or address.head not in heads:
                continue
            if address.mode not in (0, 1, modes.num_modes - 1):
                continue
            query, key = (
                slow.projected(tokens, side[address.head, :, address.mode])
                for side in (modes.u, modes.v)
            )
            largest = max(abs(x) for x in query) * max(abs(x) for x in key)
            row = rows.row(address)
            for side, sign in enumerate((1, -1)):
                score = float(record["score"][side, row])
                at = record["place"][side, row].astype(int)
                i, j = at[0] * grid.columns + at[1], at[2] * grid.columns + at[3]
                if options.compat:
                    expected = slow.published(query, key, sign)
                else:
                    expected, _ = slow.best_pair(query, key, sign, pairs)
                    assert (i, j) in pairs
                assert score == pytest.approx(expected, abs=1e-5 * largest)
                if expected > 1e-4 * largest or options.compat:
                    found_positive += 1
                    there = query[i] * key[j]
                    assert there == pytest.approx(expected, abs=1e-5 * largest)
    assert found_positive > 10


def whole_modes(modes, random):
    """Directions of small whole numbers, so that float32 and float64 are the same and many tie."""
    u, v = (random.integers(-1, 2, side.shape).astype(np.float32) for side in (modes.u, modes.v))
    return replace(modes, u=u, v=v)


@pytest.mark.parametrize("options", [ALL, AUGMENTED, COMPAT])
@pytest.mark.parametrize("kind", ["vit", "registers", "detection swin"])
def test_that_of_equal_maxima_the_first_is_taken_to_the_last_bit(kind, options, monkeypatch):
    model, network = running(kind)
    random = np.random.default_rng(0)
    known = {}

    def whole(model, options, *, device):
        found = module_modes(model, options, device=device)
        blocks = tuple(whole_modes(modes, random) for modes in found.blocks)
        known.update({modes.address: modes for modes in blocks})
        return replace(found, blocks=blocks)

    module_modes = module.model_modes
    monkeypatch.setattr(module, "model_modes", whole)
    measurement = OptimalMeasurement(model, network, options, top=1, device="cpu")
    seen = seen_of(kind, [5])
    blocks = {}
    for address, captured in seen.capture.blocks.items():
        shape = (1, captured.grid.count, known[address].width - options.options.augment_bias)
        tokens = torch.from_numpy(random.integers(-1, 2, shape).astype(np.float32))
        blocks[address] = replace(captured, resid_pre=tokens, attn_input=tokens)
    with torch.inference_mode():
        whole_capture = Capture(blocks, seen.capture.output, seen.capture.placement)
        (record,) = measurement.measure(replace(seen, capture=whole_capture))
    ties = 0
    for row, address in enumerate(measurement.rows.addresses()):
        if row % 3 and kind == "detection swin":
            continue
        captured, modes = blocks[address.of_block], known[address.of_block]
        grid = captured.grid
        tokens = captured.attn_input[0, len(grid.prefix) :].numpy()
        query, key = (
            slow.projected(tokens, side[address.head, :, address.mode])
            for side in (modes.u, modes.v)
        )
        pairs = pairs_of(kind, address.of_block, grid.shape, options)
        for side, sign in enumerate((1, -1)):
            if options.compat:
                expected = slow.published(query, key, sign)
                i = [sign * q for q in query].index(max(sign * q for q in query))
                j = [sign * k for k in key].index(max(sign * k for k in key))
            else:
                expected, where = slow.best_pair(query, key, sign, pairs)
                assert record["score"][side, row] == expected
                if where is None:
                    continue
                i, j = where
                ties += sum(query[a] * key[b] == expected for a, b in pairs) > 1
            assert record["score"][side, row] == expected
            at = [*divmod(i, grid.columns), *divmod(j, grid.columns)]
            assert record["place"][side, row].tolist() == at
    assert ties > 20 or options.compat


@pytest.mark.parametrize("kind", ["vit", "detection swin"])
def test_that_both_signs_together_give_the_largest_product_of_any_pair(kind):
    """The positive part of max q_i k_j; and a joint change of sign exchanges the two scores."""
    model, network = running(kind)
    seen = seen_of(kind, [3])
    with torch.inference_mode():
        (record,) = measurement_of(kind).measure(seen)
    rows = measurement_of(kind).rows
    for address in (a for a in rows.addresses() if a.head == 0 and a.mode < 3):
        block = next(b for b in network.blocks if b.address == address.of_block)
        captured = seen.capture.blocks[block.address]
        grid, modes = captured.grid, block_modes(model, block.address, ALL.options)
        tokens = captured.attn_input[0, len(grid.prefix) :].numpy()
        query, key = (slow.projected(tokens, s[0, :, address.mode]) for s in (modes.u, modes.v))
        pairs = pairs_of(kind, block.address, grid.shape, ALL)
        union = max(max(query[i] * key[j] for i, j in pairs), 0.0)
        found = float(record["score"][:, rows.row(address)].max())
        assert found == pytest.approx(union, rel=1e-4)


@pytest.mark.parametrize("kind", ["vit", "detection swin"])
def test_that_a_joint_change_of_sign_exchanges_the_signs_and_leaves_the_union(kind, monkeypatch):
    model, network = running(kind)
    found = module.model_modes

    def flipped(model, options, *, device):
        modes = found(model, options, device=device)
        return replace(modes, blocks=tuple(replace(b, u=-b.u, v=-b.v) for b in modes.blocks))

    monkeypatch.setattr(module, "model_modes", flipped)
    other = OptimalMeasurement(model, network, ALL, top=1, device="cpu")
    seen = seen_of(kind, [3])
    with torch.inference_mode():
        (one,), (two,) = measurement_of(kind).measure(seen), other.measure(seen)
    assert np.array_equal(one["score"], two["score"][::-1])
    assert np.array_equal(one["score"].max(axis=0), two["score"].max(axis=0))
    positive = one["score"] > 0
    assert np.array_equal(one["place"][positive], two["place"][::-1][positive])


@pytest.mark.parametrize("kind", ["vit", "detection swin"])
def test_that_a_record_depends_on_its_picture_alone(kind):
    """Measured beside others of one capture, or from a capture cut to it: the same bits."""
    seen = seen_of(kind, [1, 2, 3], fill=2)
    measurement = measurement_of(kind)
    with torch.inference_mode():
        together = measurement.measure(seen)
        assert len(together) == 3
        for n, record in enumerate(together):
            blocks = {
                address: replace(block, attn_input=block.attn_input[n : n + 1].clone())
                for address, block in seen.capture.blocks.items()
            }
            alone = Capture(blocks, seen.capture.output[n : n + 1], seen.capture.placement)
            (expected,) = measurement.measure(Seen(seen.network, alone, seen.pictures[n : n + 1]))
            for name in ("score", "place"):
                assert np.array_equal(record[name], expected[name])


@pytest.mark.parametrize("kind", ["vit", "detection swin"])
def test_that_pictures_of_a_group_taken_at_once_are_the_same_pictures(kind, monkeypatch):
    """The way of graphics processors, walked on the processor."""
    monkeypatch.setattr(best_patches, "_first_extremes", best_patches._by_torch)
    seen = seen_of(kind, [1, 2, 3], fill=2)
    measurement = measurement_of(kind)
    with torch.inference_mode():
        expected = measurement.measure(seen)
        found = measurement._records(seen, slice(None))[:3]
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine["score"], theirs["score"], rtol=1e-4, atol=1e-5)
        clear = theirs["score"] > 1e-3
        assert (mine["place"] == theirs["place"]).all(axis=-1)[clear].mean() > 0.99


@pytest.mark.parametrize("shape", [(2, 5, 1, 49), (1, 3, 4, 6), (3, 2, 1, 1)])
def test_that_both_ways_to_search_find_the_first_extremes(shape):
    """Numbers that are often equal, and some that are none."""
    values = np.random.default_rng(0).integers(-3, 4, shape).astype(np.float32)
    values[0, 1, 0, -1] = np.nan
    found = [
        way(torch.from_numpy(values)) for way in (best_patches._by_numpy, best_patches._by_torch)
    ]
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    at = found[0][1].numpy()
    for place in np.ndindex(shape[:-1]):
        row = values[place].tolist()
        if not np.isnan(row).any():
            n, *rest = place
            assert at[(n, 0, *rest)] == row.index(max(row))
            assert at[(n, 1, *rest)] == row.index(min(row))


def test_that_of_equal_windows_of_a_batch_that_with_the_first_query_patch_is_taken():
    """Whole numbers, so that windows of 4 x 4 patches, shifted and cut by the rim, often tie."""
    shape, modes = (6, 11), 5
    groups = best_patches._groups_on(
        windows_on(shape, WindowRule((4, 4), (2, 2), "always")), shape, torch.device("cpu")
    )
    random = np.random.default_rng(0)
    projected = random.integers(-2, 3, (3, shape[0] * shape[1], 2 * modes)).astype(np.float32)
    value, at = best_patches._in_best_window(torch.from_numpy(projected), None, groups)
    ties = 0
    for picture, side, mode in np.ndindex(3, 2, modes):
        query, key = ((1 - 2 * side) * projected[picture, :, n] for n in (mode, modes + mode))
        ends = np.cumsum(np.repeat(*np.array(groups.sizes).T[::-1]))
        found = {}
        for window in np.split(np.arange(len(query)), ends[:-1]):
            i, j = window[query[window].argmax()], window[key[window].argmax()]
            product = max(query[i], 0) * max(key[j], 0)
            found.setdefault(product, []).append((int(groups.order[i]), int(i), int(j)))
        ties += len(found[max(found)]) > 1
        _, i, j = min(found[max(found)])
        assert at[picture, side, [mode, modes + mode]].tolist() == [i, j]
        assert value[picture, side, [mode, modes + mode]].tolist() == [query[i], key[j]]
    assert ties > 10


def test_that_several_threads_measure_what_one_does():
    seen = [seen_of("detection swin", [seed]) for seed in range(4)]
    measurement = measurement_of("detection swin")

    def one(each):
        with torch.inference_mode():
            return measurement.measure(each)[0]

    expected = [one(each) for each in seen]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(one, seen * 4))
    for mine, theirs in zip(found, expected * 4, strict=True):
        assert np.array_equal(mine["score"], theirs["score"])
        assert np.array_equal(mine["place"], theirs["place"])


@pytest.mark.parametrize("kind", ["vit", "detection swin"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_that_a_picture_whose_tokens_are_not_finite_does_not_count(kind, value):
    """In one patch of one block of the second picture."""
    seen = seen_of(kind, [1, 2])
    address, block = list(seen.capture.blocks.items())[1]
    broken = block.attn_input.clone()
    broken[1, -2, 3] = value
    blocks = {**seen.capture.blocks, address: replace(block, attn_input=broken)}
    with torch.inference_mode():
        found = measurement_of(kind).measure(
            Seen(seen.network, Capture(blocks, seen.capture.output, seen.capture.placement),
                 seen.pictures)
        )  # fmt: skip
    assert isinstance(found[1], str)
    assert "not finite" in found[1]
    assert not isinstance(found[0], str)


def test_that_the_first_modes_have_rows_of_their_own():
    few, whole = measurement_of("vit", OptimalOptions(2)), measurement_of("vit")
    assert set(few.rows.modes) == {2}
    kept = [whole.rows.row(address) for address in few.rows.addresses()]
    (record,), (all_of_them,) = measured("vit", [1], OptimalOptions(2)), measured("vit", [1])
    np.testing.assert_allclose(record["score"], all_of_them["score"][:, kept], rtol=1e-4, atol=1e-6)


def stacked(made):
    return {name: np.stack([record[name] for record in made]) for name in ("score", "place")}


def found_of(tally, measurement, names):
    return optimal_of(
        tally,
        measurement.rows,
        names,
        card=running("vit")[0].card(),
        preparation=Preparation(),
        options=measurement.options,
        folder="pictures",
        measured=len(names),
        total=len(names),
    )


@lru_cache
def twelve(options=ALL):
    """Records of twelve pictures of which the last two are copies of the first two.

    Each is run by itself, as a scan runs them: the place in a batch may change the last bits.
    """
    seeds = [*range(1, 11), 1, 2]
    return [record for seed in seeds for record in measured("vit", [seed], options)]


NAMES = tuple(f"scan {letter}.png" for letter in "abcdefghijkl")


@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_that_the_best_pictures_are_those_of_a_full_sort(data):
    """Any order of the pictures, any batches, any split into tallies, merged in any order."""
    measurement, made = measurement_of("vit"), twelve()
    order = data.draw(st.permutations(range(12)))
    ends = sorted(data.draw(st.lists(st.integers(0, 12), max_size=5)))
    tallies = [measurement.tally() for _ in range(3)]
    for number, (a, b) in enumerate(zip([0, *ends], [*ends, 12], strict=True)):
        if a < b:
            some = order[a:b]
            tallies[number % 3].add(np.array(some), stacked([made[n] for n in some]))
    merged = measurement.tally()
    for tally in data.draw(st.permutations(tallies)):
        merged.merge(tally.state())
    found = found_of(merged, measurement, NAMES)
    assert found.image.shape == (measurement.rows.count, 2, 4)
    for row, address in list(enumerate(measurement.rows.addresses()))[::5]:
        for side, sign in enumerate(SIGNS):
            scores = {
                name: float(record["score"][side, row])
                for name, record in zip(NAMES, made, strict=True)
            }
            expected = slow.winners(scores, 4)
            winners = found.winners(address, sign)
            assert [(w.image, w.score) for w in winners] == expected
            for winner in winners:
                place = made[NAMES.index(winner.image)]["place"][side, row].tolist()
                assert [*winner.query, *winner.key] == place


def test_that_equal_pictures_are_sorted_by_name():
    measurement, tally = measurement_of("vit"), measurement_of("vit").tally()
    tally.add(np.arange(12)[::-1], stacked(twelve()[::-1]))
    found = found_of(tally, measurement, NAMES)
    met = 0
    for address in measurement.rows.addresses():
        names = [winner.image for winner in found.winners(address, "+")]
        for first, copy in (("scan a.png", "scan k.png"), ("scan b.png", "scan l.png")):
            if copy in names:
                assert names[names.index(copy) - 1] == first
                met += 1
    assert met > 5


def test_that_pictures_without_a_positive_score_are_no_winners():
    measurement, tally = measurement_of("vit"), measurement_of("vit").tally()
    record = twelve()[0]
    score = np.zeros_like(record["score"])
    score[1, 3] = 2.0
    tally.add(np.array([7]), {"score": score[None], "place": record["place"][None]})
    found = found_of(tally, measurement, NAMES)
    assert found.images == ("scan h.png",)
    assert found.image[3, 1].tolist() == [0, -1, -1, -1]
    assert (found.image >= 0).sum() == 1
    assert not found.score[found.image < 0].any()


def test_that_the_published_score_takes_two_negative_maxima_for_a_positive_one():
    """Some mode of some picture has them; the exact score is 0 there."""
    exact, as_published = (
        stacked(twelve(options))["score"]
        for options in (OptimalOptions(None, space=TokenSpace.RESIDUAL), COMPAT)
    )
    assert (as_published[exact > 0] == exact[exact > 0]).all()
    spurious = (exact == 0) & (as_published > 0)
    assert spurious.any()


def test_that_settings_tell_all_that_a_record_depends_on():
    """Plain JSON, different for different options, without how many pictures are kept."""
    cases = [ALL, OptimalOptions(3), RESIDUAL, replace(COMPAT, modes=3), NORMED, FOLDED, AUGMENTED]
    told = [json.dumps(measurement_of("vit", options).settings) for options in cases]
    assert len(set(told)) == len(cases)
    assert measurement_of("vit", ALL, 4).settings == measurement_of("vit", ALL, 9).settings
    assert all(json.loads(text)["version"] == 3 for text in told)


@pytest.mark.parametrize(
    ("options", "top", "words"),
    [
        (ALL, 0, "Ask for 1 to"),
        (ALL, 1000, "Ask for 1 to"),
        (OptimalOptions(0), 8, "at least 1"),
        (OptimalOptions(options=ModeOptions(Product.OV)), 8, "query-key"),
        (OptimalOptions(space=TokenSpace.NORMED), 8, "Fold the norm"),
        (OptimalOptions(options=ModeOptions(fold_norm=True)), 8, "Choose the normalised"),
    ],
)
def test_that_what_does_not_go_together_is_refused(options, top, words):
    model, network = running("vit")
    with pytest.raises(BadRequest) as caught:
        OptimalMeasurement(model, network, options, top=top, device="cpu")
    assert words in f"{caught.value.message} {caught.value.advice}"


def test_that_the_best_radiographs_of_a_real_model_are_those_of_the_twin(shared_data):
    """deit_tiny on PneumoniaMNIST: one head, all pictures sorted, all pairs of patches in turn."""
    from inspector.core.address import Address
    from inspector.core.images import Slice, Window
    from inspector.families import open_model
    from inspector.families.running import build_network

    name = "weights/deit_tiny_patch16_224.fb_in1k/model.safetensors"
    held = np.load(shared_data / "images/medmnist/pneumoniamnist.npz")["test_images"][:12]
    with open_model(shared_data / name) as model:
        network = build_network(model)
        measurement = OptimalMeasurement(model, network, ALL, top=3, device="cpu")
        modes = block_modes(model, Address(0, 8), ALL.options)
    names, made, tokens = [f"{n:02}.png" for n in range(12)], [], []
    for image in held:
        prepared = prepare(Slice(image.astype(np.float32)), Window(127.5, 255.0),
                           network.preparation)  # fmt: skip
        found = run(network, prepared.pixels[None].copy(), prepared.placement, measurement.taps)
        with torch.inference_mode():
            seen = Seen(network, found, [SeenPicture(prepared.placement)])
            made += measurement.measure(seen)
        tokens.append(found.blocks[Address(0, 8)].attn_input[0, 1:].numpy())
    tally = measurement.tally()
    tally.add(np.arange(12), stacked(made))
    result = found_of(tally, measurement, tuple(names))
    checked = 0
    for mode in (0, 1, 2, 10):
        u, v = (side[2, :, mode].astype(np.float64) for side in (modes.u, modes.v))
        for sign in SIGNS:
            scores = {}
            for name, patches in zip(names, tokens, strict=True):
                query, key = slow.projected(patches, u), slow.projected(patches, v)
                best = np.max(np.outer(np.array(query) * SIGN[sign], np.array(key) * SIGN[sign])[
                    np.ix_(np.array(query) * SIGN[sign] > 0, np.array(key) * SIGN[sign] > 0)
                ], initial=0.0)  # fmt: skip
                scores[name] = float(best)
            expected = slow.winners(scores, 3)
            winners = result.winners(Address(0, 8, 2, mode), sign)
            assert [w.image for w in winners] == [image for image, _ in expected]
            assert [w.score for w in winners] == pytest.approx([s for _, s in expected], rel=1e-4)
            checked += len(winners)
    assert checked > 10
