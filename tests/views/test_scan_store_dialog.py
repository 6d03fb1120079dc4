from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from inspector.core.errors import BadRequest
from inspector.core.stored_scan import StoredScan
from inspector.views.scan_store_dialog import ScanStoreDialog

ROOT = Path("/home/anna/.cache/vit-inspector/scans")
GB = 1_000_000_000


def stored(key: str, *, size: int = GB, pictures: int = 1000, **changes) -> StoredScan:
    fields = {
        "checkpoint": f"{key}.pth",
        "measurement": "Optimal images",
        "folder": "/data/chest",
        "settings": "10 modes",
        "used": datetime(2026, 3, 4, 12, 0, tzinfo=UTC),
    } | changes
    return StoredScan(key, pictures=pictures, size=size, **fields)


SCANS = (stored("a", size=2 * GB), stored("b", pictures=5856), stored("c", size=500_000_000))


@pytest.fixture
def dialog(qtbot) -> ScanStoreDialog:
    widget = ScanStoreDialog()
    qtbot.addWidget(widget)
    widget.show_store(ROOT, SCANS, size=3_600_000_000, limit=20 * GB)
    widget.show()
    return widget


def records(signal) -> list:
    seen = []
    signal.connect(lambda *values: seen.append(values))
    return seen


def press(qtbot, button) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def agree(dialog) -> None:
    dialog.confirm.acted.emit()


def test_that_place_size_and_limit_are_shown(dialog):
    assert dialog.place.text() == str(ROOT)
    assert dialog.used.text() == "3 scans, 3.6 GB of"
    assert dialog.limit.value() == 20
    assert dialog.limit.text() == "20.0 GB"


def test_that_a_row_tells_all_of_a_scan_and_is_copied_exactly(dialog):
    cells = [dialog.model.index(1, column).data() for column in range(6)]
    assert cells[:5] == ["b.pth", "Optimal images, 10 modes", "/data/chest", "5,856", "1 GB"]
    assert cells[5].startswith("2026-03-0")
    dialog.table.selectRow(1)
    copied = dialog.table.selected_text().splitlines()[1].split("\t")
    assert copied[3:5] == ["5856", str(GB)]


def test_that_a_button_says_what_it_would_free(dialog):
    assert dialog.clear_all.text() == "Clear &all (3.6 GB)"
    assert not dialog.clear_selected.isEnabled()
    dialog.table.selectRow(0)
    assert dialog.clear_selected.text() == "Clear &selected (2 GB)"
    dialog.table.clearSelection()
    assert dialog.clear_selected.text() == "Clear &selected"


def test_that_selected_scans_are_cleared_after_it_was_said_what_goes(dialog, qtbot):
    cleared = records(dialog.clear_chosen)
    dialog.table.selectRow(1)
    press(qtbot, dialog.clear_selected)
    assert cleared == []
    assert "1 scan will be cleared, which frees 1 GB" in dialog.confirm.text
    assert "5,856 images" in dialog.confirm.text
    agree(dialog)
    assert cleared == [((SCANS[1],),)]
    assert dialog.confirm.text == ""


def test_that_all_is_cleared_after_it_was_said_what_goes(dialog, qtbot):
    cleared = records(dialog.clear_chosen)
    press(qtbot, dialog.clear_all)
    assert "frees 3.6 GB" in dialog.confirm.text
    assert "7,856 images" in dialog.confirm.text
    agree(dialog)
    assert cleared == [(None,)]


def test_that_nothing_is_cleared_that_was_asked_of_another_selection(dialog, qtbot):
    cleared = records(dialog.clear_chosen)
    dialog.table.selectRow(0)
    press(qtbot, dialog.clear_selected)
    dialog.table.selectRow(1)
    assert dialog.confirm.text == ""
    agree(dialog)
    assert cleared == []


def test_that_a_larger_limit_holds_at_once_and_a_smaller_one_once_it_is_agreed_to(dialog):
    limits = records(dialog.limit_chosen)
    dialog.limit.setValue(30.5)
    assert limits == [(30_500_000_000,)]
    dialog.limit.setValue(1.0)
    assert limits == [(30_500_000_000,)]
    assert "2.6 GB more is kept than that" in dialog.confirm.text
    agree(dialog)
    assert limits[1:] == [(GB,)]


def test_that_a_limit_that_is_not_agreed_to_is_taken_back(dialog):
    limits = records(dialog.limit_chosen)
    dialog.limit.setValue(1.0)
    dialog.confirm._on_close_clicked()
    assert dialog.limit.value() == 20
    assert limits == []


def test_that_enter_in_the_field_of_the_limit_presses_nothing(dialog, qtbot):
    signals = (dialog.clear_chosen, dialog.limit_chosen, dialog.place_asked)
    seen = [records(signal) for signal in signals]
    press(qtbot, dialog.clear_all)
    dialog.limit.setFocus()
    qtbot.keyClick(dialog.limit, Qt.Key.Key_Return)
    assert not any(seen)
    assert dialog.isVisible()


def test_that_what_was_selected_stays_so_when_the_store_is_shown_again(dialog):
    dialog.table.selectRow(2)
    dialog.show_store(ROOT, SCANS[1:], size=GB, limit=20 * GB)
    assert dialog.selected == (SCANS[2],)


def test_that_an_empty_store_says_so_and_offers_nothing(dialog):
    dialog.show_store(ROOT, (), size=0, limit=20 * GB)
    assert dialog.table.isHidden()
    assert "Nothing is kept" in dialog.nothing.text()
    assert not dialog.clear_all.isEnabled()
    assert not dialog.clear_selected.isEnabled()


def test_that_setters_emit_nothing_and_the_place_is_asked_for(dialog, qtbot):
    limits, cleared = records(dialog.limit_chosen), records(dialog.clear_chosen)
    dialog.show_store(ROOT, SCANS, size=GB, limit=5 * GB)
    assert not limits
    assert not cleared
    with qtbot.waitSignal(dialog.place_asked):
        press(qtbot, dialog.show_place)


@pytest.mark.parametrize("wrong", [{"size": -1}, {"pictures": -1}, {"used": datetime(2026, 1, 1)}])
def test_that_a_kept_scan_that_cannot_be_is_refused(wrong):
    with pytest.raises(BadRequest):
        stored("a", **wrong)
