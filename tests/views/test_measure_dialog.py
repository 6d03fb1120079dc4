from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from inspector.core.errors import BadRequest
from inspector.core.measuring import MaskFolders
from inspector.views import folder_field, measure_dialog
from inspector.views.measure_dialog import MeasureDialog


@pytest.fixture
def folders(tmp_path) -> dict[str, Path]:
    made = {name: tmp_path / name for name in ("images", "targets", "distractors", "labels")}
    for folder in made.values():
        folder.mkdir()
    return made


@pytest.fixture
def open_dialog(qtbot, monkeypatch):
    monkeypatch.setattr(measure_dialog, "REST_MS", 1)

    def opened(measure) -> MeasureDialog:
        dialog = MeasureDialog(measure)
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    return opened


def fill(dialog, **folders) -> None:
    for name, folder in folders.items():
        getattr(dialog, name).line.setText(str(folder))


def test_that_masks_of_targets_and_distractors_are_asked_for_and_the_background_is_all_else(
    qtbot, open_dialog, folders
):
    dialog = open_dialog("preference")
    assert not dialog.start.isEnabled()
    with qtbot.waitSignal(dialog.count_asked) as counted:
        fill(
            dialog,
            images=folders["images"],
            targets=folders["targets"],
            distractors=folders["distractors"],
        )
    wanted = MaskFolders(
        "preference", folders["images"], folders["targets"], folders["distractors"]
    )
    assert counted.args == [wanted]
    with qtbot.waitSignal(dialog.measure_asked) as asked:
        qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    assert asked.args == [wanted]
    assert not dialog.isVisible()


def test_that_label_maps_and_a_pair_of_labels_do_as_well(open_dialog, folders):
    dialog = open_dialog("preference")
    dialog.masks.button("labels").click()
    assert not dialog.targets.isVisible()
    fill(dialog, images=folders["images"], labels=folders["labels"])
    dialog.target.setValue(4)
    assert dialog.folders == MaskFolders(
        "preference", folders["images"], labels=folders["labels"], pair=(4, 2)
    )
    dialog.distractor.setValue(4)
    assert dialog.folders is None
    assert "different labels" in dialog.says.text()
    assert not dialog.start.isEnabled()


def test_that_same_objects_need_label_maps_only(open_dialog, folders):
    dialog = open_dialog("same-object")
    assert not dialog.masks.isVisible()
    assert not dialog.target.isVisible()
    fill(dialog, images=folders["images"], labels=folders["labels"])
    assert dialog.folders == MaskFolders("same-object", folders["images"], labels=folders["labels"])


def test_that_a_folder_that_is_not_there_is_told_at_once(open_dialog, folders, tmp_path):
    dialog = open_dialog("same-object")
    fill(dialog, images=folders["images"], labels=tmp_path / "gone")
    assert "There is no folder" in dialog.says.text()
    assert "gone" in dialog.says.text()
    assert not dialog.start.isEnabled()


def test_that_the_count_of_what_is_asked_for_is_told_and_an_older_one_is_not(
    qtbot, open_dialog, folders
):
    dialog = open_dialog("same-object")
    with qtbot.waitSignal(dialog.count_asked) as counted:
        fill(dialog, images=folders["images"], labels=folders["labels"])
    asked = counted.args[0]
    older = MaskFolders("same-object", folders["labels"], labels=folders["labels"])
    dialog.show_count(older, "old", any_match=False)
    assert dialog.start.isEnabled()
    dialog.show_count(asked, "None of 4 images has a label map.", any_match=False)
    assert dialog.says.text() == "None of 4 images has a label map."
    assert not dialog.start.isEnabled()
    dialog.show_count(asked, "3 of 4 images have a label map.", any_match=True)
    assert dialog.start.isEnabled()


def test_that_it_begins_with_what_was_asked_for_last(open_dialog, folders):
    last = MaskFolders("preference", folders["images"], labels=folders["labels"], pair=(3, 1))
    dialog = open_dialog("preference")
    dialog.show_folders(last)
    assert dialog.folders == last


def test_that_a_folder_is_chosen_with_the_desktop_s_dialog(
    qtbot, open_dialog, folders, monkeypatch
):
    dialog = open_dialog("same-object")
    monkeypatch.setattr(folder_field, "ask_folder", lambda *_: folders["labels"])
    qtbot.mouseClick(dialog.labels.button, Qt.MouseButton.LeftButton)
    assert dialog.labels.folder == folders["labels"]
    monkeypatch.setattr(folder_field, "ask_folder", lambda *_: None)
    qtbot.mouseClick(dialog.labels.button, Qt.MouseButton.LeftButton)
    assert dialog.labels.folder == folders["labels"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"measure": "same-object"},
        {"measure": "same-object", "labels": Path("l"), "pair": (1, 2)},
        {"measure": "preference", "labels": Path("l")},
        {"measure": "preference", "labels": Path("l"), "pair": (1, 1)},
        {"measure": "preference", "labels": Path("l"), "pair": (-1, 1)},
        {"measure": "preference", "targets": Path("t")},
    ],
)
def test_that_folders_that_make_no_sense_are_refused(wrong):
    with pytest.raises(BadRequest):
        MaskFolders(images=Path("i"), **wrong)
