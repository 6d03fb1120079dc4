"""The best pictures of every mode: what can be asked of them."""

import dataclasses

import numpy as np
import pytest

from inspector.core.address import Address
from inspector.core.comparison import ModelCard
from inspector.core.errors import BadRequest
from inspector.core.optimal import SIGNS, OptimalImages, OptimalOptions, Winner
from inspector.core.preparation import Preparation
from inspector.core.rows import ModeRows

CARD = ModelCard("tiny", "tiny.pth", "ViT", "timm", 10, 1)
ROWS = ModeRows((Address(0, 0), Address(0, 1)), (1, 1), (2, 2))


def found(**changed) -> OptimalImages:
    """Four modes, both signs, the best two; of mode 1 in block 0 only one, and none of minus."""
    image = np.array(
        [[[1, 0], [0, 1]], [[0, -1], [-1, -1]], [[1, 0], [1, 0]], [[0, 1], [0, 1]]], np.int64
    )
    score = np.where(image >= 0, np.linspace(4, 1, 16).reshape(4, 2, 2), 0).astype(np.float32)
    place = np.arange(64, dtype=np.uint16).reshape(4, 2, 2, 4)
    values = {
        "card": CARD, "preparation": Preparation(), "options": OptimalOptions(), "folder": "scans",
        "rows": ROWS, "images": ("a.png", "b.png"), "score": score, "image": image, "place": place,
        "measured": 3, "total": 5, "left_out": (("c.png", "“c.png” is empty."),),
    }  # fmt: skip
    return OptimalImages(**{**values, **changed})


def test_that_winners_are_told_best_first_with_their_places():
    best = found().winners(Address(0, 1, 0, 0), "-")
    scores = found().score[2, 1]
    assert best == (
        Winner(0, float(scores[0]), "b.png", (40, 41), (42, 43)),
        Winner(1, float(scores[1]), "a.png", (44, 45), (46, 47)),
    )
    assert best[0].score > best[1].score > 0


def test_that_a_mode_may_have_fewer_winners_than_asked_for():
    assert [winner.image for winner in found().winners(Address(0, 0, 0, 1), "+")] == ["a.png"]
    assert found().winners(Address(0, 0, 0, 1), "-") == ()


def test_that_both_signs_are_told_apart():
    plus, minus = (found().winners(Address(0, 0, 0, 0), sign)[0].image for sign in SIGNS)
    assert (plus, minus) == ("b.png", "a.png")


def test_that_a_scan_is_complete_when_all_is_looked_at_or_left_out():
    assert not found().complete
    assert found(measured=4).complete
    assert found(total=4).complete
    assert found().top == 2


def test_that_modes_that_were_not_looked_at_are_refused():
    with pytest.raises(BadRequest, match="mode 2 was asked for"):
        found().winners(Address(0, 0, 0, 2), "+")
    with pytest.raises(BadRequest, match="no block"):
        found().winners(Address(1, 0, 0, 0), "+")


@pytest.mark.parametrize(
    ("name", "shape"), [("score", (4, 2, 3)), ("image", (3, 2, 2)), ("place", (4, 2, 2, 2))]
)
def test_that_arrays_of_other_shapes_are_refused(name, shape):
    with pytest.raises(BadRequest, match="expected"):
        found(**{name: np.zeros(shape, found().__getattribute__(name).dtype)})


def test_that_results_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        found().score[0, 0, 0] = 9
    with pytest.raises(dataclasses.FrozenInstanceError):
        found().measured = 9


def test_that_fewer_pictures_of_each_mode_are_the_first_ones():
    mode = Address(0, 1, 0, 0)
    first = found().first(1)
    assert first.top == 1
    assert first.winners(mode, "-") == found().winners(mode, "-")[:1]
    assert first.winners(Address(0, 0, 0, 1), "-") == ()
    whole = found()
    assert whole.first(9) is whole
