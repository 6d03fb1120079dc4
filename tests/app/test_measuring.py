"""What the dialog that measures with masks is told of the folders in it."""

from pathlib import Path

import numpy as np
import pytest

from inspector.app.measuring import count
from inspector.core.measuring import MaskFolders
from inspector.core.progress import silent
from tests.journeys.folders import write_masks, write_pictures


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "images", "abc")


def test_that_label_maps_of_numpy_are_counted_as_those_of_images(images, tmp_path) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    for name in "ab":
        np.save(labels / f"{name}.npy", np.ones((4, 4), np.int32))
    asked = MaskFolders("same-object", images, labels=labels)
    folders, words, any_match = count(asked, silent)
    assert folders == asked
    assert words.startswith("2 of 3 images have a label map.")
    assert any_match


def test_that_an_image_counts_where_it_has_all_masks(images, tmp_path) -> None:
    corner = (slice(0, 4), slice(0, 4))
    targets = write_masks(tmp_path / "targets", "abc", corner)
    distractors = write_masks(tmp_path / "distractors", "c", corner)
    _, words, any_match = count(MaskFolders("preference", images, targets, distractors), silent)
    assert words.startswith("1 of 3 images have all masks.")
    assert any_match
