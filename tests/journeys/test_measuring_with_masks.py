"""Attention preference and same objects of a folder with masks, from the dialog to the curves."""

from pathlib import Path

import numpy as np
import pytest

from inspector.core.figures import FigureKind, FigureStyle
from inspector.core.measuring import MaskFolders
from inspector.core.preference import Group
from inspector.views.error_dialog import ErrorDialog
from tests.journeys.folders import write_labels, write_masks, write_pictures

NAMES = "abcdef"


@pytest.fixture
def folders(tmp_path) -> dict[str, Path]:
    upper, lower = (slice(4, 12), slice(4, 12)), (slice(20, 28), slice(16, 28))
    return {
        "images": write_pictures(tmp_path / "images", NAMES),
        "targets": write_masks(tmp_path / "targets", NAMES[:-1], upper),
        "distractors": write_masks(tmp_path / "distractors", NAMES, lower),
        "labels": write_labels(tmp_path / "labels", NAMES),
    }


def measure(program, qtbot, measure: str, **folders: Path) -> None:
    """As a user does: from the depth tab, through the dialog."""
    program.window.show_tab("depth")
    view = program.window.over_depth
    view.measure.button(measure).click()
    button = view.measured.again if view.measured.is_known else view.measured.first
    button.click()
    dialog = program.measuring.dialog
    for name, folder in folders.items():
        getattr(dialog, name).line.setText(str(folder))
    qtbot.waitUntil(lambda: " image" in dialog.says.text() and "Counting" not in dialog.says.text())
    dialog.start.click()


def test_that_preference_is_measured_with_masks_and_drawn_beside_chance(one, folders, seen, qtbot):
    labels = folders.pop("labels")
    assert labels.is_dir()
    measure(one, qtbot, "preference", **folders)
    seen(one)
    view = one.window.over_depth
    known = one.scans.preference(one.session.models[0])
    assert known.images == tuple(f"{name}.png" for name in NAMES[:-1])
    assert [name for name, _ in known.left_out] == ["f.png"]
    drawn = view.measured.panel._curves[0].getData()[1]
    np.testing.assert_array_equal(drawn, known.curves()[Group.SAME])
    assert view.measured.text.text() == "A: 5 images, 1 left out"
    assert one.measuring.dialog is None
    assert one.window.current_figure_kind() is FigureKind.PREFERENCE
    content = one.content.now()
    assert FigureKind.PREFERENCE in content.kinds()
    assert content.masks == (one.session.masks["preference"],)
    drawn = content.drawing(FigureKind.PREFERENCE, FigureStyle())
    assert drawn.arrays


def test_that_both_models_are_measured_one_after_the_other(pair, folders, seen, qtbot):
    folders.pop("targets"), folders.pop("distractors")
    measure(pair, qtbot, "same-object", **folders)
    seen(pair)
    scene = pair.picturing.scenes.depth()
    assert [one.measured for one in scene.same_object] == [5, 5]
    assert [one.one_object for one in scene.same_object] == [("f.png",), ("f.png",)]
    assert "A: 5 images, 1 with one object" in pair.window.over_depth.measured.text.text()


def test_that_a_label_map_and_a_pair_of_labels_do_as_masks(one, folders, seen, qtbot):
    request = MaskFolders("preference", folders["images"], labels=folders["labels"], pair=(1, 2))
    one.measuring.measure(request)
    seen(one)
    known = one.scans.preference(one.session.models[0])
    assert len(known.images) == 5
    assert one.session.masks["preference"] == request


def test_that_the_dialog_tells_how_many_names_match_and_begins_with_the_last_folders(
    one, folders, qtbot, seen
):
    one.measuring.ask("preference")
    dialog = one.measuring.dialog
    dialog.images.line.setText(str(folders["images"]))
    dialog.targets.line.setText(str(folders["targets"]))
    dialog.distractors.line.setText(str(folders["distractors"]))
    qtbot.waitUntil(lambda: dialog.says.text().startswith("5 of 6 images have all masks."))
    dialog.start.click()
    seen(one)
    one.measuring.ask("preference")
    assert one.measuring.dialog.folders == one.session.masks["preference"]
    one.measuring.dialog.close()


def test_that_folders_that_do_not_belong_together_are_told_before_anything_runs(
    one, folders, qtbot, tmp_path
):
    others = write_masks(tmp_path / "others", "xyz", (slice(0, 4), slice(0, 4)))
    one.measuring.ask("same-object")
    dialog = one.measuring.dialog
    dialog.images.line.setText(str(folders["images"]))
    dialog.labels.line.setText(str(others))
    qtbot.waitUntil(lambda: dialog.says.text().startswith("None of 6 images have a label map."))
    assert not dialog.start.isEnabled()
    dialog.close()
    assert [d for d in one.window.findChildren(ErrorDialog) if d.isVisible()] == []
