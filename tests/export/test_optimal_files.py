"""The table and arrays of optimal images, from a result made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from inspector.core.address import Address
from inspector.core.optimal import OptimalImages, OptimalOptions
from inspector.core.preparation import Preparation
from inspector.core.rows import ModeRows
from inspector.export.left_out import MOST_SENTENCES, left_out_sentences, write_left_out
from inspector.export.optimal_files import OPTIMAL, optimal_arrays, winner_rows
from inspector.export.tables import write_table
from tests.scenes_by_hand import card


@pytest.fixture
def found() -> OptimalImages:
    """Two blocks of one and two heads of one mode each, and two places for winners."""
    rows = ModeRows((Address(0, 0), Address(1, 0)), (1, 2), (1, 1))
    score = np.zeros((3, 2, 2), dtype=np.float32)
    image = np.full((3, 2, 2), -1, dtype=np.int64)
    place = np.zeros((3, 2, 2, 4), dtype=np.uint16)
    score[0, 0], image[0, 0], place[0, 0] = (2.5, 0.1), (1, 0), ((0, 1, 2, 3), (4, 5, 6, 13))
    score[1, 1, 0], image[1, 1, 0], place[1, 1, 0] = 1e-9, 2, (9, 8, 7, 6)
    return OptimalImages(
        card(),
        Preparation(),
        OptimalOptions(modes=1),
        "/images",
        rows,
        ("a, or b.png", "deep/b.png", "volume.nii.gz#axial 3"),
        score,
        image,
        place,
        measured=4,
        total=5,
        left_out=(("z.png", "It is empty."),),
    )


def test_that_every_winner_is_a_row_and_places_without_one_are_none(found, tmp_path) -> None:
    write_table(tmp_path / "optimal.csv", OPTIMAL, winner_rows(found))
    tenth = repr(float(np.float32(0.1)))
    small = repr(float(np.float32(1e-9)))
    assert (tmp_path / "optimal.csv").read_text() == (
        "stage,block,head,mode,sign,rank,score,image,query_row,query_col,key_row,key_col\n"
        "0,0,0,0,+,0,2.5,deep/b.png,0,1,2,3\n"
        f'0,0,0,0,+,1,{tenth},"a, or b.png",4,5,6,13\n'
        f"1,0,0,0,-,0,{small},volume.nii.gz#axial 3,9,8,7,6\n"
    )


def test_that_the_arrays_say_the_same_as_the_rows(found) -> None:
    arrays = optimal_arrays(found)
    said = []
    for row, side, rank in np.argwhere(arrays["image"] >= 0):
        at = [int(arrays[name][row]) for name in ("stage", "block", "head", "mode")]
        image = str(arrays["images"][arrays["image"][row, side, rank]])
        score = float(arrays["score"][row, side, rank])
        places = arrays["place"][row, side, rank].tolist()
        said.append((*at, "+-"[side], int(rank), score, image, *places))
    assert said == list(winner_rows(found))


def test_that_no_winner_at_all_leaves_the_header_and_empty_names(found, tmp_path) -> None:
    none = replace(found, image=np.full_like(found.image, -1), images=())
    write_table(tmp_path / "optimal.csv", OPTIMAL, winner_rows(none))
    assert (tmp_path / "optimal.csv").read_text() == ",".join(OPTIMAL) + "\n"
    assert optimal_arrays(none)["images"].shape == (0,)


def test_that_pictures_left_out_are_named_in_order_with_their_reason(tmp_path) -> None:
    write_left_out(tmp_path, (("b.png", "It is empty, or cut."), ("a.png", "It is no picture.")))
    assert (tmp_path / "left_out.csv").read_text() == (
        'image,reason\na.png,It is no picture.\nb.png,"It is empty, or cut."\n'
    )


def test_that_a_few_pictures_left_out_have_a_sentence_each() -> None:
    left = (("a.png", "It is empty."), ("b.png", "It is no picture."))
    assert list(left_out_sentences(left)) == [
        "a.png was left out: It is empty.",
        "b.png was left out: It is no picture.",
    ]
    assert list(left_out_sentences(())) == []


def test_that_many_pictures_left_out_are_counted_by_reason() -> None:
    left = [(f"{n:02}.png", "It is empty.") for n in range(20)] + [("z.png", "It is cut.")]
    assert list(left_out_sentences(tuple(left))) == [
        "21 images were left out; left_out.csv names them all:",
        "  20, as 00.png: It is empty.",
        "  z.png: It is cut.",
    ]


def test_that_reasons_that_differ_in_the_picture_they_name_are_one() -> None:
    reason = "There is no mask for “deep/{0}.png” in “masks”. It is looked for as “{0}_mask”."
    left = tuple((f"deep/{n}.png", reason.format(n)) for n in range(20))
    assert list(left_out_sentences(left)) == [
        "20 images were left out; left_out.csv names them all:",
        f"  20, as deep/0.png: {reason.format(0)}",
    ]


def test_that_reasons_are_told_up_to_a_number_of_them_and_the_rest_counted() -> None:
    left = tuple((f"{n}.png", f"Reason {n}.") for n in range(MOST_SENTENCES + 3))
    sentences = list(left_out_sentences(left))
    assert len(sentences) == 1 + MOST_SENTENCES + 1
    assert sentences[-1] == "  3 more, each for another reason."
