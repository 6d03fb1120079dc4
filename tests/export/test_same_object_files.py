"""The tables and arrays of same-object probability, from a result made by hand."""

import numpy as np
import pytest

from inspector.core.address import Address
from inspector.core.optimal import OptimalOptions
from inspector.core.preparation import Preparation
from inspector.core.rows import ModeRows
from inspector.core.same_object import SameObject
from inspector.export.same_object_files import (
    left_out_of,
    same_object_arrays,
    winner_rows,
    write_same_object,
)
from tests.scenes_by_hand import card


@pytest.fixture
def found() -> SameObject:
    """A block of one head of two modes, one of one head of one mode that has no picture."""
    rows = ModeRows((Address(0, 0), Address(0, 1)), (1, 1), (2, 1))
    image = np.array([[1, 0], [0, -1], [-1, -1]], dtype=np.int64)
    return SameObject(
        card(),
        Preparation(),
        OptimalOptions(modes=None),
        "/images",
        "/labels",
        rows,
        np.array([3.0, 1.0, 2.0]),
        ("a.png", "b.png"),
        image,
        np.array([[2.5, 1.5], [0.75, 0], [0, 0]], dtype=np.float32),
        np.array([[1, -1], [-1, 1], [1, 1]], dtype=np.int8),
        np.array([[4, 4], [2, 0], [0, 0]], dtype=np.int32),
        np.array([[4, 2], [2, 0], [0, 0]], dtype=np.int32),
        np.array([[0.5, 0.25], [0.75, 0], [0, 0]]),
        measured=2,
        one_object=("d.png",),
        left_out=(("e.png", "It is empty."), ("c.png", "There are no labels.")),
        total=5,
    )


def text(folder, name: str) -> str:
    return (folder / name).read_text()


def test_that_modes_heads_and_blocks_have_probability_and_chance(found, tmp_path) -> None:
    write_same_object(tmp_path, found)
    assert text(tmp_path, "modes.csv") == (
        "stage,block,head,mode,sigma,probability,chance,images\n"
        "0,0,0,0,3.0,0.5,0.375,2\n"
        "0,0,0,1,1.0,1.0,0.75,1\n"
        "0,1,0,0,2.0,nan,nan,0\n"
    )
    # (3 x 0.5 + 1 x 1) / 4 and (3 x 0.375 + 1 x 0.75) / 4
    assert text(tmp_path, "heads.csv") == (
        "stage,block,head,probability,chance\n0,0,0,0.625,0.46875\n0,1,0,nan,nan\n"
    )
    assert text(tmp_path, "blocks.csv") == (
        "stage,block,probability,chance\n0,0,0.625,0.46875\n0,1,nan,nan\n"
    )


def test_that_winners_say_sign_and_objects(found, tmp_path) -> None:
    write_same_object(tmp_path, found)
    assert text(tmp_path, "winners.csv") == (
        "stage,block,head,mode,rank,image,score,sign,query_object,key_object\n"
        "0,0,0,0,0,b.png,2.5,+,4,4\n"
        "0,0,0,0,1,a.png,1.5,-,4,2\n"
        "0,0,0,1,0,a.png,0.75,-,2,2\n"
    )


def test_that_the_arrays_say_the_same_as_the_winners(found) -> None:
    arrays = same_object_arrays(found)
    said = []
    for row, rank in np.argwhere(arrays["image"] >= 0):
        at = [int(arrays[name][row]) for name in ("stage", "block", "head", "mode")]
        image = str(arrays["images"][arrays["image"][row, rank]])
        sign = "+" if arrays["sign"][row, rank] == 1 else "-"
        score = float(arrays["score"][row, rank])
        objects = [int(arrays[name][row, rank]) for name in ("query_object", "key_object")]
        said.append((*at, int(rank), image, score, sign, *objects))
    assert said == list(winner_rows(found))
    np.testing.assert_array_equal(arrays["sigma"], [3.0, 1.0, 2.0])
    np.testing.assert_array_equal(arrays["probability"], [0.5, 1.0, np.nan])


def test_that_pictures_of_one_object_are_among_those_left_out(found) -> None:
    assert left_out_of(found, "It has fewer than two objects.") == (
        ("c.png", "There are no labels."),
        ("d.png", "It has fewer than two objects."),
        ("e.png", "It is empty."),
    )
