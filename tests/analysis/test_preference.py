"""Attention preference against the slow twin, the whole pattern, and what holds for any model."""

import math
from functools import lru_cache

import numpy as np
import pytest
import torch

from inspector.analysis.measurement import NOT_FINITE, Seen, SeenPicture
from inspector.analysis.preference import (
    NO_DISTRACTOR,
    NO_TARGET,
    PreferenceMeasurement,
    preference_of,
)
from inspector.core.address import Address
from inspector.core.errors import BadRequest
from inspector.core.objects import BACKGROUND, DISTRACTOR, TARGET, UNLABELLED, ObjectMap
from inspector.core.outline import Matrix
from inspector.core.preference import Group
from inspector.core.preparation import Preparation
from inspector.core.tokens import Box, Placement
from inspector.families.capture import capture, pattern_of
from tests.analysis.running import KINDS, running
from tests.families.running import swins
from tests.families.running.test_against_timm import described, made
from tests.families.running.test_swin_v2 import timm_swin
from tests.reference import attention_preference as slow
from tests.reference.windowed_attention import continuous_bias, relative_bias

RECORDS = ("ratios", "without_query", "areas", "coverage", "visible")
SHAPES = {"detection swin": (44, 76), "swin v2": (64, 64)}
TWINS = ("vit", "vit without bias", "registers", "beit", "eva02", "dinov3", *SHAPES)


@lru_cache
def opened(kind: str):
    """Model and network."""
    if kind == "dinov3":
        name = "vit_small_patch16_dinov3"
        model = swins.model_of(made(name, {}), {"timm": described(name)})
    elif kind == "swin v2":
        model = swins.model_of(timm_swin(), {"timm": {"img_size": 64, "window_size": 4}})
    else:
        return running(kind)
    return model, swins.network_of(model)


def placement_of(kind: str, *, crop: bool = True) -> Placement:
    """Of an input cut out of a picture of other pixels, reaching beyond it on the left."""
    rows, columns = SHAPES.get(kind, (16, 12))
    shape = (3 * rows, 2 * columns)
    box = Box(rows / 3, -1.5, 2.3 * rows, 1.8 * columns) if crop else Box(0, 0, *map(float, shape))
    return Placement(shape, (rows, columns), box)


def objects_of(placement: Placement, *, seed: int = 0) -> ObjectMap:
    """A target, a distractor beside it, pixels of nothing, and background around."""
    rows, columns = placement.image_shape
    random = np.random.default_rng(seed)
    labels = np.full((rows, columns), BACKGROUND, np.int32)
    labels[random.random(labels.shape) < 0.1] = UNLABELLED
    top = rows // 3 + int(random.integers(rows // 6))
    left = columns // 4
    labels[top : top + rows // 6, left : left + columns // 5] = TARGET
    labels[top + rows // 5 : top + rows // 2, left + columns // 8 : left + columns // 3] = (
        DISTRACTOR
    )
    return ObjectMap(labels, "key")


def seen_of(network, pictures, *, seeds=None, spoil=None) -> Seen:
    """A pass over pictures of one size; noise instead of images."""
    seeds = range(1, 1 + len(pictures)) if seeds is None else seeds
    shape = pictures[0].placement.input_shape
    pixels = torch.cat([swins.picture(1, 3, *shape, seed=seed) for seed in seeds])
    if spoil is not None:
        pixels[spoil, 0, 0, 0] = float("nan")
    with torch.inference_mode():
        found = capture(network, pixels, pictures[0].placement, taps=["attn_input"])
    return Seen(network, found, pictures)


def measured(kind: str, *, placement=None, objects=None):
    """Seen, and the record of one picture."""
    model, network = opened(kind)
    placement = placement_of(kind) if placement is None else placement
    objects = objects_of(placement) if objects is None else objects
    seen = seen_of(network, [SeenPicture(placement, objects)])
    with torch.inference_mode():
        (record,) = PreferenceMeasurement(model, network).measure(seen)
    return seen, record


def slow_areas(grid, objects) -> np.ndarray:
    """(3, patches)"""
    boxes = [grid.box(r, c) for r in range(grid.rows) for c in range(grid.columns)]
    return np.array(
        [
            [slow.area(objects.labels == label, (b.top, b.left, b.bottom, b.right)) for b in boxes]
            for label in (TARGET, DISTRACTOR, BACKGROUND)
        ]
    )


def slow_pattern(kind: str, block, captured, head: int):
    """(patches, patches) twice: attention from the weights, and who is reached."""
    model, _ = opened(kind)
    outline = model.outline.block(block.address)
    tokens = captured.attn_input[0].numpy()
    cut = slice(head * outline.head_dim, (head + 1) * outline.head_dim)
    sides, offsets = [], []
    for matrix in (Matrix.Q, Matrix.K):
        bias = model.bias(block.address, matrix)
        offsets.append(np.zeros(outline.head_dim) if bias is None else bias[cut].astype(float))
        weight = model.weight(block.address, matrix)[cut]
        sides.append(slow.projected(tokens, weight, offsets[-1]))
    grid = captured.grid
    first, scale = len(grid.prefix), outline.head_dim**-0.5
    attention = block.module.attn
    if kind in SHAPES:
        query, key = (side.reshape(*grid.shape, -1) for side in sides)
        how = {"window": (4, 4), "shift": (2, 2) if block.address.block % 2 else (0, 0)}
        if kind == "swin v2":
            into, _, out = attention.cpb_mlp
            bias = continuous_bias(
                *(t.detach().double().numpy() for t in (into.weight, into.bias, out.weight)), 4
            )
            scale = min(math.exp(float(attention.logit_scale[head])), 100.0)
            # timm shifts no grid that fits into one window
            how["shift"] = (0, 0) if grid.rows <= 4 else how["shift"]
        else:
            table = attention.relative_position_bias_table.detach().double().numpy()
            bias = relative_bias(table, (4, 4))
        return slow.windowed_pattern(
            query,
            key,
            bias[head],
            scale=scale,
            key_of_padding=offsets[1],
            cosine=kind == "swin v2",
            **how,
        )
    bias = None
    if kind == "beit":
        table = attention.relative_position_bias_table.detach().double().numpy()
        bias = slow.beit_bias(table, grid.shape)[head]
    for side in sides if kind in ("eva02", "dinov3") else ():
        for patch in range(first, len(side)):
            place = divmod(patch - first, grid.columns)
            side[patch] = (
                slow.turned_in_pairs(side[patch], *place, grid.shape, (16, 16))
                if kind == "eva02"
                else slow.turned_in_halves(side[patch], *place, grid.shape)
            )
    whole = slow.pattern(*sides, scale, bias)
    patches = whole[first:, first:]
    return patches, np.ones(patches.shape, dtype=bool)


@pytest.mark.parametrize("kind", TWINS)
def test_that_ratios_are_those_of_the_whole_pattern_made_from_the_weights(kind):
    model, network = opened(kind)
    seen, record = measured(kind)
    objects = seen.pictures[0].objects
    rows = PreferenceMeasurement(model, network).rows
    places = (0, 1) if kind not in SHAPES else range(len(network.blocks))
    for place in places:
        block = network.blocks[place]
        captured = seen.capture.blocks[block.address]
        areas = slow_areas(captured.grid, objects)
        for head in range(rows.heads[place]):
            found = rows.row(block.address.with_head(head))
            pattern, together = slow_pattern(kind, block, captured, head)
            for name, without in (("ratios", False), ("without_query", True)):
                expected = slow.six(pattern, areas, together, without_query=without)
                np.testing.assert_allclose(record[name][found], expected, atol=2e-5, rtol=1e-4)
        np.testing.assert_allclose(record["areas"][place], areas.sum(1) / areas.sum(), rtol=1e-9)
        np.testing.assert_allclose(record["coverage"][place], areas[:2].max(axis=1), rtol=1e-9)
        np.testing.assert_allclose(
            record["visible"][place], slow.visible(areas, together), rtol=1e-9
        )


@pytest.mark.parametrize("kind", KINDS)
def test_that_two_rows_are_those_of_the_pattern_that_the_network_computes(kind):
    model, network = opened(kind)
    seen, record = measured(kind)
    rows = PreferenceMeasurement(model, network).rows
    for place, block in enumerate(network.blocks):
        captured = seen.capture.blocks[block.address]
        grid, areas = captured.grid, slow_areas(captured.grid, seen.pictures[0].objects)
        parts = block.attend(captured.attn_input, grid)
        pattern = pattern_of(parts)[0].double().numpy()
        for head in range(rows.heads[place]):
            whole, together = _on_patches(pattern, parts.windows, grid, head)
            expected = slow.six(whole, areas, together)
            found = record["ratios"][rows.row(block.address.with_head(head))]
            np.testing.assert_allclose(found, expected, atol=1e-6, rtol=1e-4)


def _on_patches(pattern, windows, grid, head):
    """(patches, patches) of `pattern_of`, and who is reached."""
    if windows is None:
        patches = pattern[head, len(grid.prefix) :, len(grid.prefix) :]
        return patches, np.ones(patches.shape, bool)
    padded = windows.window_of.size
    whole, together = np.zeros((padded, padded)), np.zeros((padded, padded), bool)
    for window, members in enumerate(windows.members):
        whole[np.ix_(members, members)] = pattern[window, head]
        region = windows.region_of[members]
        together[np.ix_(members, members)] = region[:, None] == region
    patches = np.arange(padded).reshape(windows.shape)[: grid.rows, : grid.columns].ravel()
    return whole[np.ix_(patches, patches)], together[np.ix_(patches, patches)]


@pytest.mark.parametrize("kind", KINDS)
def test_that_the_ratios_of_a_query_and_the_groups_add_up_to_one(kind):
    """Methods, H7 (19)."""
    _, record = measured(kind)
    np.testing.assert_allclose(record["ratios"].sum(axis=2), 1.0, rtol=1e-14)
    found = result_of(kind, {0: record})
    groups = found.groups()
    total = groups[Group.SAME] + groups[Group.DIFFERENT] + groups[Group.BACKGROUND]
    np.testing.assert_allclose(total, 1.0, rtol=1e-14)


@pytest.mark.parametrize("name", ["vit_small_patch16_224", "vit_small_patch14_reg4_dinov2"])
def test_that_even_attention_gives_the_shares_of_the_areas(name):
    """Methods, H7 (19): where all queries are 0 every token is attended to alike."""
    module = made(name, {})
    width = module.embed_dim
    with torch.no_grad():
        for block in module.blocks:
            block.attn.qkv.weight[:width] = 0
            block.attn.qkv.bias[:width] = 0
    model = swins.model_of(module, {"timm": described(name)})
    network = swins.network_of(model)
    placement = placement_of("vit")
    objects = objects_of(placement)
    seen = seen_of(network, [SeenPicture(placement, objects)])
    (record,) = PreferenceMeasurement(model, network).measure(seen)
    grid = seen.capture.blocks[Address(0, 0)].grid
    areas = slow_areas(grid, objects)
    share = areas.sum(axis=1) / areas.sum()
    np.testing.assert_allclose(record["ratios"], np.broadcast_to(share, (9, 2, 3)), rtol=1e-6)
    for query in (0, 1):
        others = np.delete(areas, slow.first_largest(areas[query]), axis=1).sum(axis=1)
        expected = np.broadcast_to(others / others.sum(), (9, 3))
        np.testing.assert_allclose(record["without_query"][:, query], expected, rtol=1e-6)


@pytest.mark.parametrize("kind", ["vit", "eva02", "detection swin"])
def test_that_masks_in_each_others_place_change_roles(kind):
    """Methods, H7 (20)."""
    seen, record = measured(kind)
    objects = seen.pictures[0].objects
    exchanged = np.array([0, DISTRACTOR, TARGET, BACKGROUND], np.int32)[objects.labels]
    _, other = measured(kind, objects=ObjectMap(exchanged, "key"))
    order = [1, 0, 2]
    for name in ("ratios", "without_query"):
        np.testing.assert_allclose(other[name], record[name][:, ::-1][:, :, order], rtol=1e-12)
    np.testing.assert_array_equal(other["areas"], record["areas"][:, order])
    for name in ("coverage", "visible"):
        np.testing.assert_array_equal(other[name], record[name][:, ::-1])


def test_that_the_bias_of_the_keys_changes_nothing():
    """Methods, H7 (10)."""
    name = "vit_small_patch16_224"
    records = []
    for moved in (False, True):
        module = made(name, {})
        width = module.embed_dim
        if moved:
            with torch.no_grad():
                for block in module.blocks:
                    block.attn.qkv.bias[width : 2 * width] += torch.linspace(-2, 2, width)
        model = swins.model_of(module, {"timm": described(name)})
        network = swins.network_of(model)
        placement = placement_of("vit")
        seen = seen_of(network, [SeenPicture(placement, objects_of(placement))])
        (record,) = PreferenceMeasurement(model, network).measure(seen)
        records.append(record)
    for key in RECORDS:
        np.testing.assert_allclose(records[0][key], records[1][key], atol=1e-5)


def test_that_the_query_patch_never_counts_where_it_is_left_out():
    """A target and a distractor of one patch each and nothing else: only the other is left."""
    labels = np.zeros((16, 12), np.int32)
    labels[4:8, 0:4], labels[12:16, 8:12] = TARGET, DISTRACTOR
    whole = Placement((16, 12), (16, 12), Box(0, 0, 16, 12))
    _, record = measured("registers", placement=whole, objects=ObjectMap(labels, "key"))
    alone = [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    np.testing.assert_array_equal(record["without_query"], np.broadcast_to(alone, (9, 2, 3)))
    assert (record["ratios"][:, (0, 1), (0, 1)] > 0).all()
    np.testing.assert_array_equal(record["coverage"], 1.0)
    np.testing.assert_array_equal(record["areas"], np.broadcast_to([0.5, 0.5, 0.0], (3, 3)))


def test_that_what_lies_in_another_window_is_not_reached():
    """Windows of 16 x 16 pixels: the objects are seen from each other only where they merge."""
    labels = np.zeros((64, 64), np.int32)
    labels[0:4, 0:4], labels[60:64, 60:64] = TARGET, DISTRACTOR
    whole = Placement((64, 64), (64, 64), Box(0, 0, 64, 64))
    _, record = measured("swin v2", placement=whole, objects=ObjectMap(labels, "key"))
    # 16, 8 and 4 patches a side in windows of 4: the last stage is one window, without a shift
    np.testing.assert_array_equal(record["visible"], [[0, 0]] * 4 + [[1, 1]] * 2)
    first = slice(0, 2 * 1)
    itself = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    np.testing.assert_array_equal(record["ratios"][first], np.broadcast_to(itself, (2, 2, 3)))
    assert np.isnan(record["without_query"][first]).all()
    assert np.isfinite(record["without_query"][-8:]).all()


def test_that_pictures_of_a_batch_are_measured_as_each_alone():
    model, network = opened("registers")
    measurement = PreferenceMeasurement(model, network)
    cut, whole = placement_of("registers"), placement_of("registers", crop=False)
    pictures = [
        SeenPicture(cut, objects_of(cut)),
        SeenPicture(whole, ObjectMap(np.zeros(whole.image_shape, np.int32), "none")),
        SeenPicture(whole, objects_of(whole, seed=5)),
    ]
    alone = [
        measurement.measure(seen_of(network, [picture], seeds=[seed]))[0]
        for seed, picture in enumerate(pictures, start=1)
    ]
    # a fourth input only fills the batch
    together = measurement.measure(seen_of(network, pictures, seeds=[1, 2, 3, 4]))
    assert len(together) == 3
    assert together[1] == alone[1] == NO_TARGET
    for place in (0, 2):
        for name in RECORDS:
            np.testing.assert_allclose(together[place][name], alone[place][name], atol=2e-6)
            assert together[place][name].dtype == np.float64


def test_that_pictures_that_do_not_count_are_told_why():
    kind = "vit"
    placement = placement_of(kind)
    labels = np.full(placement.image_shape, BACKGROUND, np.int32)
    labels[20:30, 5:10] = TARGET
    assert measured(kind, objects=ObjectMap(labels, "key"))[1] == NO_DISTRACTOR
    # above what was cut out for the model
    labels = np.full(placement.image_shape, BACKGROUND, np.int32)
    labels[20:30, 5:10], labels[0:4, 5:10] = DISTRACTOR, TARGET
    assert measured(kind, objects=ObjectMap(labels, "key"))[1] == NO_TARGET


def test_that_a_picture_on_which_the_model_breaks_down_does_not_count():
    model, network = opened("vit")
    placement = placement_of("vit")
    pictures = [SeenPicture(placement, objects_of(placement, seed=n)) for n in range(2)]
    found = PreferenceMeasurement(model, network).measure(seen_of(network, pictures, spoil=0))
    assert found[0] == NOT_FINITE
    assert np.isfinite(found[1]["ratios"]).all()


def test_that_pictures_without_objects_are_refused():
    model, network = opened("vit")
    seen = seen_of(network, [SeenPicture(placement_of("vit"))])
    with pytest.raises(BadRequest, match="needs target and distractor"):
        PreferenceMeasurement(model, network).measure(seen)


def result_of(kind, records, *, names=("a", "b", "c", "d", "e"), **told):
    measurement = PreferenceMeasurement(*opened(kind))
    tally = measurement.tally()
    for place, record in records.items():
        tally.add(np.array([place]), {name: record[name][None] for name in RECORDS})
    return finished(kind, tally, names, **told)


def finished(kind, tally, names, *, total=5, left_out=()):
    model, network = opened(kind)
    return preference_of(
        tally,
        PreferenceMeasurement(model, network).rows,
        names,
        card=model.card(),
        preparation=Preparation(),
        folder="pictures",
        total=total,
        left_out=left_out,
    )


def test_that_order_and_grouping_of_records_make_no_difference():
    model, network = opened("vit")
    measurement = PreferenceMeasurement(model, network)
    placement = placement_of("vit")
    pictures = [SeenPicture(placement, objects_of(placement, seed=n)) for n in range(5)]
    records = measurement.measure(seen_of(network, pictures))
    names = tuple("abcde")

    def tally_of(*groups):
        tally = measurement.tally()
        for group in groups:
            several = {name: np.stack([records[n][name] for n in group]) for name in RECORDS}
            tally.add(np.array(group), several)
        return tally

    together = finished("vit", tally_of([0, 1, 2, 3, 4]), names)
    apart = tally_of([3], [4, 0])
    apart.merge(measurement.tally().state())
    apart.merge(tally_of([2, 1]).state())
    other = finished("vit", apart, names)
    assert together.images == other.images == names
    for name in RECORDS:
        assert getattr(together, name).tobytes() == getattr(other, name).tobytes()
    assert together.complete
    np.testing.assert_array_equal(together.ratios[3], records[3]["ratios"])


def test_that_a_tally_of_nothing_is_a_result_without_curves():
    empty = result_of("vit", {}, left_out=(("c", "no mask"),))
    assert empty.images == ()
    assert empty.ratios.shape == (0, 9, 2, 3)
    assert not empty.complete
    assert all(np.isnan(curve).all() for curve in empty.curves().values())


def test_that_a_result_names_the_pictures_that_count():
    _, record = measured("vit")
    found = result_of("vit", {4: record, 1: record}, left_out=(("c", NO_TARGET),), total=3)
    assert found.images == ("b", "e")
    assert found.complete
    assert found.left_out == (("c", NO_TARGET),)


def test_that_what_a_record_depends_on_is_told():
    measurement = PreferenceMeasurement(*opened("vit"))
    assert measurement.name == "preference"
    assert measurement.needs_objects
    assert dict(measurement.settings) == {"version": 3}
    assert measurement.rows.heads == (3, 3, 3)


def test_that_a_published_model_looks_at_target_and_distractors_as_the_slow_twin_says(shared_data):
    from PIL import Image

    from inspector.core.images import SliceAddress
    from inspector.families import open_model
    from inspector.families.running import build_network
    from inspector.images import open_images
    from inspector.images.preparing import prepare

    folder, name = shared_data / "masks" / "p3_synthetic", "image_circle_90_20_36_16.png"
    picture = open_images(folder / "images" / name)[0].read(SliceAddress())
    target, distractor = (
        np.asarray(Image.open(folder / masks / name).convert("L")) >= 128
        for masks in ("targ_images", "dist_images")
    )
    labels = np.where(target, TARGET, np.where(distractor, DISTRACTOR, BACKGROUND))
    objects = ObjectMap(labels.astype(np.int32), "key")
    with open_model(
        shared_data / "weights/deit_tiny_patch16_224.fb_in1k/model.safetensors"
    ) as model:
        network = build_network(model)
        prepared = prepare(picture, picture.default_tone(), network.preparation)
        pixels = torch.from_numpy(prepared.pixels.copy())[None]
        found = capture(network, pixels, prepared.placement, taps=["attn_input"])
        measurement = PreferenceMeasurement(model, network)
        (record,) = measurement.measure(
            Seen(network, found, [SeenPicture(prepared.placement, objects)])
        )
        for address in (Address(0, 0, 1), Address(0, 6, 2), Address(0, 11, 0)):
            captured = found.blocks[address.of_block]
            areas = slow_areas(captured.grid, objects)
            cut = slice(64 * address.head, 64 * address.head + 64)
            query, key = (
                slow.projected(
                    captured.attn_input[0].numpy(),
                    model.weight(address, matrix)[cut],
                    model.bias(address, matrix)[cut],
                )
                for matrix in (Matrix.Q, Matrix.K)
            )
            whole = slow.pattern(query, key, 64**-0.5)[1:, 1:]
            row = record["ratios"][measurement.rows.row(address)]
            np.testing.assert_allclose(row, slow.six(whole, areas, whole > -1), atol=1e-5)
            row = record["without_query"][measurement.rows.row(address)]
            expected = slow.six(whole, areas, whole > -1, without_query=True)
            np.testing.assert_allclose(row, expected, atol=1e-5)
