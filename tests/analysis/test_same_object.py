"""Same-object probability against the slow twin, and what must hold for any model."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from inspector.analysis.measurement import Seen, SeenPicture
from inspector.analysis.modes import block_modes
from inspector.analysis.same_object import SameObjectMeasurement, _counted, same_object_of
from inspector.core.address import Address
from inspector.core.errors import BadRequest
from inspector.core.modes import ModeOptions, TokenSpace
from inspector.core.objects import ObjectMap
from inspector.core.optimal import OptimalOptions
from inspector.core.preparation import Preparation
from inspector.core.same_object import ONE_OBJECT
from inspector.core.tokens import Box, Placement
from inspector.families.capture import capture
from tests.analysis.running import running
from tests.families.running import swins
from tests.families.running.test_against_timm import described, made
from tests.families.running.test_swin_v2 import timm_swin
from tests.reference import same_object as slow
from tests.reference.attention_preference import area
from tests.reference.mode_maps import token_map

FIELDS = ("score", "sign", "query_object", "key_object", "chance")
SHAPES = {"detection swin": (44, 76), "swin v2": (64, 64)}
MOST = 2**31 - 1
OPTIONS = OptimalOptions()
COMPAT = OptimalOptions(compat=True, space=TokenSpace.RESIDUAL)


def opened(kind: str):
    if kind == "swin v2":
        model = swins.model_of(timm_swin(), {"timm": {"img_size": 64, "window_size": 4}})
        return model, swins.network_of(model)
    return running(kind)


def placement_of(kind: str) -> Placement:
    """Of an input cut out of a picture of other pixels."""
    rows, columns = SHAPES.get(kind, (16, 12))
    return Placement(
        (3 * rows, 2 * columns), (rows, columns), Box(4, 1.5, 2.8 * rows, 1.8 * columns)
    )


def objects_of(placement: Placement, *, seed: int = 0) -> ObjectMap:
    """Three objects side by side, one of them with the largest label there is, and one pixel."""
    rows, columns = placement.image_shape
    random = np.random.default_rng(seed)
    first = int(random.integers(columns // 4, columns // 2))
    second = first + int(random.integers(columns // 6, columns // 3))
    labels = np.zeros((rows, columns), np.int32)
    labels[:, :first], labels[:, first:second], labels[:, second:] = 7, MOST, 40
    labels[rows // 2, columns // 2] = 3
    labels[: rows // 3, : columns // 3] = 0
    return ObjectMap(labels, "key")


def seen_of(network, pictures, *, seeds=None, spoil=None) -> Seen:
    seeds = range(1, 1 + len(pictures)) if seeds is None else seeds
    shape = pictures[0].placement.input_shape
    pixels = torch.cat([swins.picture(1, 3, *shape, seed=seed) for seed in seeds])
    if spoil is not None:
        pixels[spoil, 0, 0, 0] = float("nan")
    with torch.inference_mode():
        found = capture(network, pixels, pictures[0].placement, taps=["attn_input", "resid_pre"])
    return Seen(network, found, pictures)


def measurement_of(model, network, options=OPTIONS, *, top=5):
    return SameObjectMeasurement(model, network, options, device="cpu", top=top)


def measured(kind: str, *, options=OPTIONS, objects=None, seed: int = 1):
    """Seen, and the record of one picture."""
    model, network = opened(kind)
    placement = placement_of(kind)
    objects = objects_of(placement) if objects is None else objects
    seen = seen_of(network, [SeenPicture(placement, objects)], seeds=[seed])
    with torch.inference_mode():
        (record,) = measurement_of(model, network, options).measure(seen)
    return seen, record


def covers_of(grid, objects: ObjectMap) -> dict[int, np.ndarray]:
    """(patches,) shares by label, of the objects that count."""
    boxes = [grid.box(r, c) for r in range(grid.rows) for c in range(grid.columns)]
    edges = [(b.top, b.left, b.bottom, b.right) for b in boxes]
    return slow.objects(
        {
            label: np.array([area(objects.labels == label, box) for box in edges])
            for label in objects.values()
        }
    )


def groups_of(kind: str, address, shape):
    if kind not in SHAPES:
        return slow.groups(shape, None)
    fits = kind == "swin v2" and shape[0] <= 4
    shift = (2, 2) if address.block % 2 and not fits else (0, 0)
    return slow.groups(shape, (4, 4), shift)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("vit", OPTIONS),
        ("registers", OPTIONS),
        ("norm after", OPTIONS),
        ("detection swin", OPTIONS),
        ("swin v2", OPTIONS),
        ("vit", COMPAT),
        ("detection swin", COMPAT),
    ],
)
def test_that_scores_and_objects_are_those_of_the_slow_twin(kind, options):
    model, network = opened(kind)
    seen, record = measured(kind, options=options)
    rows = measurement_of(model, network, options).rows
    assert record["score"].shape == (rows.count,)
    clear = 0
    for place, block in enumerate(network.blocks):
        captured = seen.capture.blocks[block.address]
        grid, together = captured.grid, groups_of(kind, block.address, captured.grid.shape)
        covers = covers_of(grid, seen.pictures[0].objects)
        assert set(covers) == {7, 40, MOST}
        modes = block_modes(model, block.address, options.options)
        assert rows.modes[place] == modes.num_modes
        tokens = captured.resid_pre if options.compat else captured.attn_input
        wide = tokens[0].double().numpy()
        keys = record["key_object"][rows.of_block(place)].tolist()
        for head in range(modes.num_heads):
            for mode in range(0, modes.num_modes, 3):
                row = rows.row(block.address.with_head(head)) + mode
                query, key = (
                    np.array(token_map(wide, side[head, :, mode], len(grid.prefix)))
                    for side in (modes.u, modes.v)
                )
                both = [
                    slow.compat_score(query, key, sign)
                    if options.compat
                    else slow.score(query, key, together, sign)
                    for sign in (1, -1)
                ]
                assert record["score"][row] == pytest.approx(max(both), rel=1e-4, abs=1e-5)
                if both[0] != both[1] and abs(both[0] - both[1]) < 1e-4 * max(both):
                    continue
                sign = 1 if both[0] >= both[1] else -1
                assert record["sign"][row] == sign
                for name, side in (("query_object", query), ("key_object", key)):
                    by_label = slow.means(side, covers, sign)
                    if slow.clearness(by_label) > 1e-4:
                        clear += 1
                        assert record[name][row] == slow.favourite(by_label)
                expected = slow.chance(int(record["query_object"][row]), keys)
                assert record["chance"][row] == pytest.approx(expected, rel=1e-12)
    assert clear > 20


def test_that_records_have_one_type_each():
    _, record = measured("vit")
    kinds = {name: array.dtype.name for name, array in record.items()}
    assert kinds == {
        "score": "float32",
        "sign": "int8",
        "query_object": "int32",
        "key_object": "int32",
        "chance": "float64",
    }


def test_that_chance_is_what_shuffling_the_objects_of_the_keys_gives():
    model, network = opened("detection swin")
    _, record = measured("detection swin")
    rows, draws = measurement_of(model, network).rows, 3000
    for place in range(len(rows.blocks)):
        of_block = rows.of_block(place)
        labels = [record[name][of_block].tolist() for name in ("query_object", "key_object")]
        found = slow.permuted(*labels, draws=draws, seed=place)
        chance = record["chance"][of_block]
        error = np.sqrt(chance * (1 - chance) / draws)
        assert (np.abs(found - chance) <= 5 * error + 1e-12).all()


def test_that_a_picture_of_fewer_than_two_objects_does_not_count():
    placement = placement_of("vit")
    labels = np.zeros(placement.image_shape, np.int32)
    assert measured("vit", objects=ObjectMap(labels.copy(), "none"))[1] == ONE_OBJECT
    labels[10:40, 4:20] = 5
    assert measured("vit", objects=ObjectMap(labels.copy(), "one"))[1] == ONE_OBJECT
    # a patch is 11.2 x 7.2 pixels of the picture: the first is smaller in all, the second not
    labels[10:20, 12:20] = 2
    assert measured("vit", objects=ObjectMap(labels.copy(), "small"))[1] == ONE_OBJECT
    labels[10:21, 12:20] = 2
    _, record = measured("vit", objects=ObjectMap(labels.copy(), "two"))
    assert set(record["query_object"]) <= {2, 5}
    # of the left column, 36 pixels high, too little is in what was cut out
    labels = np.where(labels == 5, 5, 0).astype(np.int32)
    labels[:, 0:3] = 2
    assert measured("vit", objects=ObjectMap(labels.copy(), "outside"))[1] == ONE_OBJECT


def test_that_an_object_counts_in_the_stages_whose_patches_it_fills():
    """Of the Swin's patches of 4, 8 and 16 pixels the smaller object fills one of the first two."""
    model, network = opened("swin v2")
    placement = Placement((64, 64), (64, 64), Box(0, 0, 64, 64))
    labels = np.full((64, 64), 9, np.int32)
    labels[20:30, 20:30] = 4
    seen = seen_of(network, [SeenPicture(placement, ObjectMap(labels, "key"))])
    measurement = measurement_of(model, network)
    (record,) = measurement.measure(seen)
    rows = measurement.rows
    for place in range(4):
        assert (record["query_object"][rows.of_block(place)] > 0).all()
        assert (record["score"][rows.of_block(place)] > 0).any()
    last = slice(int(rows.starts[4]), None)
    for name in ("score", "query_object", "key_object", "chance"):
        assert not record[name][last].any()


def test_that_equal_objects_are_told_by_the_lowest_label():
    """An even picture makes all tokens of a Swin alike, so that every object is as good."""
    model, network = opened("swin v2")
    placement = Placement((64, 64), (64, 64), Box(0, 0, 64, 64))
    random = np.random.default_rng(0)
    labels = np.repeat(np.repeat(random.integers(3, 6, (9, 9)), 8, axis=0), 8, axis=1)[:64, :64]
    pictures = [SeenPicture(placement, ObjectMap(labels.astype(np.int32), "key"))]
    with torch.inference_mode():
        found = capture(network, torch.full((1, 3, 64, 64), 0.7), placement)
    (record,) = measurement_of(model, network).measure(Seen(network, found, pictures))
    assert set(record["query_object"]) == set(record["key_object"]) == {3}
    np.testing.assert_array_equal(record["chance"], 1.0)


def coinciding(name="vit_small_patch16_224"):
    """A ViT whose W_k is its W_q: the maps of u and v are one."""
    module = made(name, {})
    width = module.embed_dim
    with torch.no_grad():
        for block in module.blocks:
            block.attn.qkv.weight[width : 2 * width] = block.attn.qkv.weight[:width]
    model = swins.model_of(module, {"timm": described(name)})
    return model, swins.network_of(model)


def result_of(model, network, *, pictures=12, options=OPTIONS, top=5):
    """Of noise with objects anywhere."""
    placement = placement_of("vit")
    measurement = measurement_of(model, network, options, top=top)
    tally = measurement.tally()
    for place in range(pictures):
        objects = objects_of(placement, seed=place)
        seen = seen_of(network, [SeenPicture(placement, objects)], seeds=[place])
        (record,) = measurement.measure(seen)
        tally.add(np.array([place]), {name: array[None] for name, array in record.items()})
    return finished(measurement, tally, total=pictures, measured=pictures, model=model)


def finished(measurement, tally, *, model, names=None, total, measured):
    return same_object_of(
        tally,
        measurement,
        names or tuple(f"{place:03}.png" for place in range(total)),
        card=model.card(),
        preparation=Preparation(),
        folder="pictures",
        labels="labels",
        measured=measured,
        total=total,
    )


def test_that_maps_that_coincide_favour_one_object_always():
    found = result_of(*coinciding())
    good = found.sigma > 1e-4
    np.testing.assert_array_equal(found.probability[good], 1.0)
    np.testing.assert_array_equal(found.curve(), 1.0)
    assert (found.chance_curve() < 0.7).all()


def test_that_weights_at_random_favour_one_object_about_as_often_as_by_chance():
    found = result_of(*running("vit"), pictures=20)
    assert abs(np.nanmean(found.probability) - np.nanmean(found.expected)) < 0.08
    assert 0.3 < np.nanmean(found.expected) < 0.6


def records_of(model, network, count: int):
    placement = placement_of("vit")
    measurement = measurement_of(model, network, top=6)
    pictures = [SeenPicture(placement, objects_of(placement, seed=n)) for n in range(count)]
    return measurement, measurement.measure(seen_of(network, pictures))


def test_that_the_best_pictures_are_those_of_a_full_sort_in_any_order():
    model, network = running("vit")
    measurement, records = records_of(model, network, 6)
    records = list(records)
    # two pictures of the same score everywhere: the name decides; and one that has no score
    records[5] = {**records[5], "score": np.zeros_like(records[5]["score"])}
    records = [*records[:4], records[2], *records[4:]]
    names = tuple("abcdefg")

    def tally_of(*groups):
        tally = measurement.tally()
        for group in groups:
            several = {name: np.stack([records[n][name] for n in group]) for name in FIELDS}
            tally.add(np.array(group), several)
        return tally

    told = {"model": model, "names": names, "total": 7, "measured": 7}
    found = finished(measurement, tally_of([0, 1, 2, 3, 4, 5, 6]), **told)
    other = tally_of([6], [4, 1])
    other.merge(measurement.tally().state())
    other.merge(tally_of([0], [5, 2, 3]).state())
    apart = finished(measurement, other, **told)
    for row in range(measurement.rows.count):
        scores = {name: float(records[n]["score"][row]) for n, name in enumerate(names)}
        expected = slow.best_pictures(scores, 6)
        assert [found.images[n] for n in found.image[row] if n >= 0] == expected
        for rank, name in enumerate(expected):
            record = records[names.index(name)]
            for field in FIELDS:
                assert getattr(found, field)[row, rank] == record[field][row]
    assert found.images == apart.images == tuple(sorted(found.images))
    for field in ("image", *FIELDS):
        assert getattr(found, field).tobytes() == getattr(apart, field).tobytes()


def test_that_pictures_of_a_batch_are_measured_as_each_alone():
    model, network = running("registers")
    placement = placement_of("registers")
    whole = Placement(placement.image_shape, (16, 12), Box(0, 0, 48, 24))
    pictures = [
        SeenPicture(placement, objects_of(placement)),
        SeenPicture(whole, ObjectMap(np.zeros((48, 24), np.int32), "none")),
        SeenPicture(whole, objects_of(whole, seed=3)),
    ]
    measurement = measurement_of(model, network)
    together = measurement.measure(seen_of(network, pictures, seeds=[1, 2, 3, 4]))
    assert len(together) == 3
    assert together[1] == ONE_OBJECT
    for place, seed in ((0, 1), (2, 3)):
        (alone,) = measurement.measure(seen_of(network, [pictures[place]], seeds=[seed]))
        np.testing.assert_allclose(together[place]["score"], alone["score"], rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(together[place]["key_object"], alone["key_object"])


def test_that_a_picture_on_which_the_model_breaks_down_does_not_count():
    model, network = running("vit")
    placement = placement_of("vit")
    pictures = [SeenPicture(placement, objects_of(placement, seed=n)) for n in range(2)]
    found = measurement_of(model, network).measure(seen_of(network, pictures, spoil=0))
    assert isinstance(found[0], str)
    assert "finite" in found[0]
    assert found[0] != ONE_OBJECT
    assert np.isfinite(found[1]["score"]).all()


def test_that_pictures_without_objects_are_refused():
    model, network = running("vit")
    with pytest.raises(BadRequest, match="label map"):
        measurement_of(model, network).measure(seen_of(network, [SeenPicture(placement_of("vit"))]))


def test_that_a_tally_of_nothing_is_a_result_without_curves():
    model, network = running("vit")
    measurement = measurement_of(model, network)
    found = finished(measurement, measurement.tally(), model=model, total=3, measured=0)
    assert found.images == ()
    assert not found.complete
    assert np.isnan(found.curve()).all()


def test_that_settings_tell_what_a_record_depends_on():
    model, network = running("vit")
    plain = measurement_of(model, network)
    assert plain.name == "same-object"
    assert plain.needs_objects
    others = [
        COMPAT,
        replace(OPTIONS, options=ModeOptions(augment_bias=True)),
        replace(OPTIONS, options=ModeOptions(fold_norm=True), space=TokenSpace.NORMED),
    ]
    told = [dict(measurement_of(model, network, options).settings) for options in others]
    assert len({str(settings) for settings in [dict(plain.settings), *told]}) == 4
    # all modes are kept, whatever is asked for, and how many pictures are the best is no matter
    few = measurement_of(model, network, replace(OPTIONS, modes=2), top=9)
    assert dict(few.settings) == dict(plain.settings)
    assert few.rows.modes == plain.rows.modes == (8, 8, 8)


def test_that_a_published_model_favours_brain_or_tumour_as_the_slow_twin_says(shared_data):
    """Tumours of MR images and, as the other object, what is bright around them."""
    from PIL import Image

    from inspector.core.images import SliceAddress
    from inspector.families import open_model
    from inspector.families.running import build_network
    from inspector.images import open_images
    from inspector.images.preparing import prepare

    folder = shared_data / "masks" / "brisc2025_brain_tumour_mri"
    with open_model(
        shared_data / "weights/deit_tiny_patch16_224.fb_in1k/model.safetensors"
    ) as model:
        network = build_network(model)
        measurement = measurement_of(model, network)
        everything = {at: block_modes(model, Address(0, at), ModeOptions()) for at in (1, 6, 11)}
        for file in sorted((folder / "images").iterdir())[:2]:
            shown = open_images(file)[0].read(SliceAddress())
            prepared = prepare(shown, shown.default_tone(), network.preparation)
            mask = Image.open(folder / "masks" / file.name).convert("L")
            grey = Image.open(file).convert("L")
            labels = np.where(np.asarray(grey) > 40, 1, 0).astype(np.int32)
            labels[np.asarray(mask) >= 128] = 2
            picture = SeenPicture(prepared.placement, ObjectMap(labels, file.name))
            pixels = torch.from_numpy(prepared.pixels.copy())[None]
            found = capture(network, pixels, prepared.placement, taps=measurement.taps)
            (record,) = measurement.measure(Seen(network, found, [picture]))
            captured = found.blocks[Address(0, 0)]
            covers = covers_of(captured.grid, picture.objects)
            assert set(covers) == {1, 2}
            for at, modes in everything.items():
                tokens = found.blocks[Address(0, at)].attn_input[0].numpy()
                for head, mode in ((0, 0), (1, 3), (2, 40)):
                    query, key = (
                        np.array(token_map(tokens, side[head, :, mode], 1))
                        for side in (modes.u, modes.v)
                    )
                    row = measurement.rows.row(Address(0, at, head, mode))
                    both = [slow.score(query, key, [list(range(196))], s) for s in (1, -1)]
                    assert record["score"][row] == pytest.approx(max(both), rel=1e-4)
                    sign = 1 if both[0] >= both[1] else -1
                    assert record["sign"][row] == sign
                    for name, side in (("query_object", query), ("key_object", key)):
                        by_label = slow.means(side, covers, sign)
                        assert slow.clearness(by_label) > 1e-4
                        assert record[name][row] == slow.favourite(by_label)


@pytest.mark.parametrize("gap", [1, 1000, 2_000_000_000])
def test_that_labels_are_counted_whatever_the_gaps_between_them(gap):
    which = np.random.default_rng(0).integers(0, 3, (20, 30))
    labels = np.array([0, 1, 1 + gap], np.int32)[which]
    found, pixels = _counted(labels)
    assert found.tolist() == sorted({int(n) for n in labels.ravel() if n > 0})
    assert pixels.tolist() == [int((labels == label).sum()) for label in found]
