"""What the model is given, and where it lies on the original."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from inspector.core.errors import BadRequest
from inspector.core.images import Edges, Slice, Spacing, Window
from inspector.core.preparation import Preparation
from inspector.core.tokens import TokenGrid
from inspector.families.torchvision_guard import prepare_torchvision
from inspector.images.preparing import prepare

FULL = Window(127.5, 255.0)
SIZES = [(40, 56), (56, 40), (48, 48), (97, 131), (300, 21)]
HF_SIDES = ("height", "width")
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def timm_transform(*args, **options):
    prepare_torchvision()
    from timm.data import create_transform

    return create_transform(*args, is_training=False, mean=MEAN, std=STD, **options)


def noise(shape) -> Slice:
    random = np.random.default_rng(sum(shape))
    return Slice(random.integers(0, 256, (*shape, 3)).astype(np.uint8), unit="")


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("size", [(32, 32), (48, 32)])
@pytest.mark.parametrize("share", [0.875, 0.9, 1.0])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_that_a_crop_is_the_one_of_timm(shape, size, share, interpolation):
    picture = noise(shape)
    theirs = timm_transform(
        (3, *size), crop_pct=share, crop_mode="center", interpolation=interpolation
    )(Image.fromarray(np.array(picture.values)))
    ours = prepare(
        picture,
        FULL,
        Preparation(size, "crop", share, mean=MEAN, std=STD, interpolation=interpolation),
    )
    np.testing.assert_allclose(ours.pixels, theirs.numpy(), atol=1e-5)


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("share", [1.0, 0.875])
def test_that_a_squash_is_the_one_of_timm(shape, share):
    picture = noise(shape)
    theirs = timm_transform((3, 32, 48), crop_pct=share, crop_mode="squash")(
        Image.fromarray(np.array(picture.values))
    )
    preparation = Preparation(
        (32, 48), mean=MEAN, std=STD, interpolation="bilinear", squash_share=share
    )
    ours = prepare(picture, FULL, preparation)
    np.testing.assert_allclose(ours.pixels, theirs.numpy(), atol=1e-5)


@pytest.mark.parametrize("shape", [*SIZES, (34, 37), (61, 34)])
@pytest.mark.parametrize(
    ("processor", "size", "preparation"),
    [
        ("DeiTImageProcessor", (37, 37), Preparation((32, 32), squash_share=32 / 37)),
        ("CLIPImageProcessor", 37, Preparation((32, 32), "crop", 32 / 37)),
        ("CLIPImageProcessor", 32, Preparation((32, 32), "crop", 1.0)),
    ],
)
def test_that_the_input_is_the_one_of_hugging_face(shape, processor, size, preparation):
    """To two levels of 255, as torchvision resizes there; a shift by a pixel shows.

    Of middle values: where a filter overshoots and is clipped, the order of the axes tells.
    """
    prepare_torchvision()
    import transformers

    sides = (
        {"shortest_edge": size} if isinstance(size, int) else dict(zip(HF_SIDES, size, strict=True))
    )
    picture = Slice(noise(shape).values // 2 + np.uint8(64), unit="")
    theirs = getattr(transformers, processor)(
        size=sides, crop_size={"height": 32, "width": 32}, image_mean=MEAN, image_std=STD
    )(Image.fromarray(np.array(picture.values)), return_tensors="np")["pixel_values"][0]
    ours = prepare(picture, FULL, replace(preparation, mean=MEAN, std=STD, rounds_down=True))
    np.testing.assert_allclose(ours.pixels, theirs, atol=2.5 / 255 / min(STD))


def test_that_a_long_strip_is_cropped_within_bounded_memory_and_to_the_same(monkeypatch):
    # Smooth: where a filter overshoots and is clipped, Pillow's order of the axes tells.
    rows, columns = np.mgrid[:300, :21]
    picture = Slice((127 + 60 * np.sin(rows / 9) + 60 * np.cos(columns / 4)).astype(np.float32))
    preparation = Preparation((32, 32), "crop", 0.9)
    whole = prepare(picture, FULL, preparation)
    monkeypatch.setattr("inspector.images.preparing._MOST_RESIZED", 1)
    part = prepare(picture, FULL, preparation)
    assert part.placement == whole.placement
    assert np.abs(part.seen.astype(int) - whole.seen.astype(int)).max() <= 1


PREPARATIONS = [
    Preparation((64, 64), "squash"),
    Preparation((64, 96), "squash", interpolation="nearest"),
    Preparation((64, 64), "squash", squash_share=0.8),
    Preparation((64, 64), "crop", 0.875, rounds_down=True),
    Preparation((64, 96), "crop", 0.9, interpolation="bilinear"),
    Preparation((64, 64), "pad"),
    Preparation((96, 64), "pad", interpolation="lanczos"),
    Preparation(None, multiple=16),
]


@pytest.mark.parametrize("shape", [(120, 200), (200, 120), (90, 90), (65, 333)])
@pytest.mark.parametrize("preparation", PREPARATIONS, ids=lambda p: f"{p.fit} {p.size}")
def test_that_a_bright_spot_is_seen_in_the_token_over_it(shape, preparation):
    """The brightest token of the input is the one that the grid says lies over the spot."""
    random = np.random.default_rng(7)
    for _ in range(25):
        # A spot of several pixels, so that no filter can lose it between two samples.
        spot = [int(random.integers(3, side - 3)) for side in shape]
        values = np.zeros(shape, np.float32)
        values[spot[0] - 2 : spot[0] + 3, spot[1] - 2 : spot[1] + 3] = 255
        prepared = prepare(Slice(values), FULL, preparation)
        rows, columns = prepared.placement.input_shape
        grid = TokenGrid(rows // 16, columns // 16, (16.0, 16.0), prepared.placement, ("CLS",))
        light = prepared.seen[..., 0].astype(float)
        if not 0 <= spot[0] < shape[0] or preparation.size is None:
            light[shape[0] :] = light[:, shape[1] :] = 0
        token = grid.token_at(spot[0] + 0.5, spot[1] + 0.5)
        cells = light.reshape(grid.rows, 16, grid.columns, 16).sum(axis=(1, 3))
        if token is None:
            assert cells.max() < 25 * 255
            continue
        row, column = grid.place(token)
        centre = prepared.placement.to_input(spot[0] + 0.5, spot[1] + 0.5)
        from_edge = min(abs(c - 16 * round(c / 16)) for c in centre)
        if from_edge < 4:
            continue
        assert np.unravel_index(cells.argmax(), cells.shape) == (row, column)


@pytest.mark.parametrize("preparation", PREPARATIONS[:1] + PREPARATIONS[2:], ids=lambda p: p.fit)
def test_that_the_centre_of_light_lies_where_the_placement_says(preparation):
    """To a tenth of a pixel of the input, which an offset of half a pixel would fail."""
    shape = (150, 210)
    for spot in ((75, 105), (60, 90), (88, 121)):
        values = np.zeros(shape, np.float32)
        values[spot[0] - 3 : spot[0] + 4, spot[1] - 3 : spot[1] + 4] = 255
        prepared = prepare(Slice(values), FULL, preparation)
        light = prepared.seen[..., 0].astype(float)
        if preparation.size is None:
            light[shape[0] :] = light[:, shape[1] :] = 0
        found = [
            float((light.sum(axis=1 - axis) * (np.arange(light.shape[axis]) + 0.5)).sum())
            / light.sum()
            for axis in (0, 1)
        ]
        expected = prepared.placement.to_input(spot[0] + 0.5, spot[1] + 0.5)
        np.testing.assert_allclose(found, expected, atol=0.1)


def test_that_a_padded_picture_keeps_its_aspect_and_is_black_beyond():
    prepared = prepare(noise((50, 100)), FULL, Preparation((64, 64), "pad", mean=MEAN, std=STD))
    assert (prepared.seen[32:] == 0).all()
    assert prepared.seen[:32].max() > 0
    assert (prepared.placement.box.height, prepared.placement.box.width) == (100.0, 100.0)
    np.testing.assert_allclose(prepared.pixels[:, 40, 5], -np.array(MEAN) / STD, rtol=1e-5)


def test_that_a_native_size_is_filled_up_with_zeros_after_normalising():
    picture = noise((30, 45))
    prepared = prepare(picture, FULL, Preparation(None, mean=MEAN, std=STD, multiple=16))
    assert prepared.pixels.shape == (3, 32, 48)
    assert (prepared.pixels[:, 30:] == 0).all()
    assert (prepared.pixels[:, :, 45:] == 0).all()
    np.testing.assert_array_equal(prepared.seen[:30, :45], picture.values)
    assert prepared.seen[31, 47].tolist() == [round(255 * level) for level in MEAN]


def test_that_a_grey_picture_fills_three_equal_channels():
    values = np.arange(64, dtype=np.float32).reshape(8, 8)
    prepared = prepare(Slice(values), Window(31.5, 63.0), Preparation((8, 8)))
    np.testing.assert_allclose(prepared.pixels[0], values / 63 * 2 - 1, atol=0.005)
    np.testing.assert_array_equal(prepared.pixels[0], prepared.pixels[1])
    np.testing.assert_array_equal(prepared.pixels[0], prepared.pixels[2])


def test_that_the_model_sees_what_is_shown():
    values = np.arange(64, dtype=np.float32).reshape(8, 8)
    hidden = values == 63
    picture = Slice(values, hidden=hidden, inverted=True)
    tone = Window(31.5, 63.0)
    prepared = prepare(picture, tone, Preparation((8, 8), interpolation="nearest"))
    np.testing.assert_array_equal(prepared.seen, picture.shown(tone))


def test_that_a_picture_has_its_own_tone_by_default_and_one_in_colour_needs_none(monkeypatch):
    grey = Slice(np.arange(64, dtype=np.float32).reshape(8, 8) * 7)
    wanted = prepare(grey, grey.default_tone(), Preparation((8, 8)))
    assert np.array_equal(prepare(grey, None, Preparation((8, 8))).pixels, wanted.pixels)
    colour = Slice(np.arange(192, dtype=np.uint8).reshape(8, 8, 3))
    wanted = prepare(colour, colour.default_tone(), Preparation((8, 8)))
    # Percentiles of a large picture in colour take longer than all else.
    monkeypatch.setattr(np, "percentile", None)
    assert np.array_equal(prepare(colour, None, Preparation((8, 8))).pixels, wanted.pixels)


def test_that_unequal_spacing_changes_nothing_of_what_the_model_is_given():
    values = np.arange(64, dtype=np.float32).reshape(8, 8)
    plain = prepare(Slice(values), FULL, Preparation((16, 16)))
    thick = Slice(
        values, spacing=Spacing(5.0, 1.0, "PixelSpacing"), edges=Edges("S", "P", "I", "A")
    )
    np.testing.assert_array_equal(prepare(thick, FULL, Preparation((16, 16))).pixels, plain.pixels)


def test_that_a_native_size_too_large_for_a_model_is_refused():
    with pytest.raises(BadRequest, match="too large"):
        prepare(Slice(np.zeros((1, 9000), np.float32)), FULL, Preparation(None))


def test_that_one_pixel_can_be_prepared():
    for preparation in PREPARATIONS:
        assert prepare(noise((1, 1)), FULL, preparation).pixels.size > 0
