import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSpinBox,
)

from inspector.core.figures import ExportRequest, FigureFormat, FigureKind, FigureStyle
from inspector.views import export_form
from inspector.views.banner import Banner
from inspector.views.elided_label import ElidedLabel
from inspector.views.export_dialog import ExportDialog
from inspector.views.export_files import FORMAT_WORDS, KIND_WORDS, bare_name, files_of, look_at
from inspector.views.export_preview import ExportPreview

PDF = FigureFormat.PDF


@pytest.fixture
def dialog(qtbot, tmp_path) -> ExportDialog:
    widget = ExportDialog()
    qtbot.addWidget(widget)
    widget.set_kinds([FigureKind.HEAT_MAP, FigureKind.LINES], FigureKind.LINES)
    widget.set_style(FigureStyle(89.0))
    widget.set_base(tmp_path / "epoch_6-lines")
    widget.show()
    return widget


def field(dialog: ExportDialog, kind: type, says: str):
    return next(f for f in dialog.findChildren(kind) if says in f.accessibleName())


def name_line(dialog: ExportDialog) -> QLineEdit:
    return next(line for line in dialog.findChildren(QLineEdit) if line.text().startswith("epoch"))


def button(dialog: ExportDialog, *texts: str) -> QPushButton:
    plain = {b.text().replace("&", ""): b for b in dialog.findChildren(QPushButton)}
    return next(plain[text] for text in texts if text in plain)


def said(dialog: ExportDialog) -> str:
    return " ".join(banner.text for banner in dialog.findChildren(Banner))


def picture(rows: int, columns: int) -> np.ndarray:
    rgba = np.full((rows, columns, 4), 255, dtype=np.uint8)
    rgba[:, : columns // 2, 0] = 0
    return rgba


def test_that_every_kind_and_format_is_put_into_words():
    assert set(KIND_WORDS) == set(FigureKind)
    assert set(FORMAT_WORDS) == set(FigureFormat)


def test_that_the_dialog_asks_for_what_it_shows(dialog, tmp_path):
    assert dialog.request == ExportRequest(
        FigureKind.LINES, FigureStyle(89.0), tmp_path / "epoch_6-lines"
    )


def test_that_opening_the_dialog_asks_for_the_first_preview(dialog, qtbot):
    with qtbot.waitSignal(dialog.request_changed) as asked:
        pass
    assert asked.args == [dialog.request]


def test_that_setters_ask_for_nothing(dialog, qtbot, tmp_path):
    qtbot.waitSignal(dialog.request_changed).wait()
    with qtbot.assertNotEmitted(dialog.request_changed, wait=250):
        dialog.set_style(FigureStyle(120.0))
        dialog.set_kinds(list(FigureKind), FigureKind.VECTORS)
        dialog.set_base(tmp_path / "other")
        dialog.set_preview(picture(40, 80))


def test_that_fast_changes_ask_for_one_preview(dialog, qtbot):
    qtbot.waitSignal(dialog.request_changed).wait()
    heard = []
    dialog.request_changed.connect(heard.append)
    width = field(dialog, QComboBox, "Width")
    for row in (1, 2, 1):
        width.setCurrentIndex(row)
    qtbot.waitUntil(lambda: bool(heard))
    qtbot.wait(200)
    assert [request.style.width_mm for request in heard] == [120.0]


def test_that_another_name_needs_no_other_preview(dialog, qtbot):
    qtbot.waitSignal(dialog.request_changed).wait()
    with qtbot.assertNotEmitted(dialog.request_changed, wait=250):
        qtbot.keyClicks(name_line(dialog), "x")
    assert dialog.request.base.name == "epoch_6-linesx"


def test_that_the_number_of_modes_is_asked_for_figures_of_several(dialog):
    modes = field(dialog, QSpinBox, "Number of modes")
    assert not modes.isVisible()
    dialog.set_kinds([FigureKind.MODE, FigureKind.MODES], FigureKind.MODES)
    assert modes.isVisible()
    modes.setValue(9)
    assert dialog.request.style.modes == 9
    kinds = field(dialog, QComboBox, "Figure")
    kinds.setCurrentIndex(0)
    assert not modes.isVisible()


def test_that_a_custom_width_shows_its_field(dialog):
    custom = field(dialog, QDoubleSpinBox, "Custom width")
    assert not custom.isVisible()
    width = field(dialog, QComboBox, "Width")
    width.setCurrentIndex(width.count() - 1)
    assert custom.isVisible()
    custom.setValue(150)
    assert dialog.request.style.width_mm == 150


def test_that_a_style_of_no_preset_is_a_custom_width(dialog):
    dialog.set_style(FigureStyle(132.5))
    assert dialog.request.style.width_mm == 132.5
    assert field(dialog, QDoubleSpinBox, "Custom width").isVisible()


def test_that_the_resolution_is_asked_for_png_only(dialog):
    dpi = field(dialog, QSpinBox, "Resolution in dots per inch")
    assert not dpi.isVisible()
    field(dialog, QComboBox, "Format").setCurrentIndex(2)
    assert dpi.isVisible()
    dpi.setValue(600)
    assert dialog.request.style == FigureStyle(89.0, FigureFormat.PNG, 600)


def test_that_another_kind_takes_the_name_of_the_other_with_it(dialog):
    field(dialog, QComboBox, "Figure").setCurrentIndex(0)
    assert dialog.request.kind is FigureKind.HEAT_MAP
    assert dialog.request.base.name == "epoch_6-heat-map"


def test_that_all_files_are_listed(dialog):
    shown = {label.text() for label in dialog.findChildren(ElidedLabel)}
    for name, holds in files_of("epoch_6-lines", PDF):
        assert name in shown
        assert holds in shown


def test_that_enter_saves(dialog, qtbot):
    with qtbot.waitSignal(dialog.export_asked) as asked:
        qtbot.keyClick(name_line(dialog), Qt.Key.Key_Return)
    assert asked.args[0].base.name == "epoch_6-lines"
    assert dialog.isHidden()


def test_that_escape_saves_nothing(dialog, qtbot):
    with qtbot.assertNotEmitted(dialog.export_asked):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isHidden()


def test_that_files_to_be_replaced_are_announced(dialog, tmp_path, qtbot):
    (tmp_path / "epoch_6-lines.csv").touch()
    dialog.set_base(tmp_path / "epoch_6-lines")
    assert "will be replaced: .csv" in said(dialog)
    with qtbot.waitSignal(dialog.export_asked):
        qtbot.mouseClick(button(dialog, "Replace"), Qt.MouseButton.LeftButton)


def test_that_a_file_that_turned_up_meanwhile_is_announced_before_it_is_replaced(
    dialog, tmp_path, qtbot
):
    (tmp_path / "epoch_6-lines.pdf").touch()
    with qtbot.assertNotEmitted(dialog.export_asked):
        qtbot.mouseClick(button(dialog, "Save"), Qt.MouseButton.LeftButton)
    assert "will be replaced: .pdf" in said(dialog)
    with qtbot.waitSignal(dialog.export_asked):
        qtbot.mouseClick(button(dialog, "Replace"), Qt.MouseButton.LeftButton)


def test_that_an_empty_name_cannot_be_saved(dialog):
    name_line(dialog).setText("")
    assert dialog.request is None
    assert not button(dialog, "Save").isEnabled()
    assert not button(dialog, "Copy figure").isEnabled()
    assert "has no name" in said(dialog)


def test_that_a_folder_is_chosen_with_the_desktops_dialog(dialog, qtbot, tmp_path, monkeypatch):
    chosen = tmp_path / "figures"
    chosen.mkdir()
    monkeypatch.setattr(export_form, "ask_folder", lambda parent, folder: chosen)
    qtbot.mouseClick(button(dialog, "Choose…"), Qt.MouseButton.LeftButton)
    assert dialog.request.base == chosen / "epoch_6-lines"
    monkeypatch.setattr(export_form, "ask_folder", lambda parent, folder: None)
    qtbot.mouseClick(button(dialog, "Choose…"), Qt.MouseButton.LeftButton)
    assert dialog.request.base == chosen / "epoch_6-lines"


@pytest.mark.parametrize("what", ["figure", "script", "command"])
def test_that_copying_keeps_the_dialog_open(dialog, qtbot, what):
    texts = {"figure": "Copy figure", "script": "Copy script", "command": "Copy command line"}
    with qtbot.waitSignal(getattr(dialog, f"copy_{what}_asked")) as asked:
        qtbot.mouseClick(button(dialog, texts[what]), Qt.MouseButton.LeftButton)
    assert asked.args == [dialog.request]
    assert dialog.isVisible()


def test_that_nothing_can_be_exported_while_nothing_can_be_drawn(qtbot, tmp_path):
    dialog = ExportDialog()
    qtbot.addWidget(dialog)
    dialog.set_base(tmp_path / "x")
    assert dialog.request is None
    assert not button(dialog, "Save").isEnabled()


def test_that_true_size_is_the_width_on_paper(qtbot):
    preview = ExportPreview()
    qtbot.addWidget(preview)
    preview.resize(900, 500)
    preview.show()
    preview.show_picture(picture(200, 400), width_mm=100.0)
    inches = 100.0 / 25.4
    points = preview.screen().physicalDotsPerInchX() * inches
    assert preview.pixel_width(100.0) == round(points * preview.devicePixelRatioF())
    assert preview._page.width() == pytest.approx(points, abs=1)
    assert preview._page.height() == pytest.approx(points / 2, abs=1)
    assert preview.says == "True size, 100 × 50 mm"


def test_that_a_figure_is_fitted_to_the_room_there_is_and_says_so(qtbot):
    preview = ExportPreview()
    qtbot.addWidget(preview)
    preview.resize(300, 300)
    preview.show()
    preview.show_picture(picture(200, 400), width_mm=183.0)
    assert preview._page.width() > 300
    fit = next(b for b in preview.findChildren(QRadioButton) if "it to width" in b.text())
    qtbot.mouseClick(fit, Qt.MouseButton.LeftButton)
    assert preview._page.width() < 300
    assert preview.says.startswith("Fit to width, ")
    assert preview.says.endswith("of 183 × 92 mm")


def test_that_a_screen_of_unknown_size_gets_the_fitted_picture(qtbot, monkeypatch):
    monkeypatch.setattr(ExportPreview, "_screen_dpi", lambda self: None)
    preview = ExportPreview()
    qtbot.addWidget(preview)
    preview.resize(300, 300)
    preview.show()
    preview.show_picture(picture(200, 400), width_mm=183.0)
    assert preview._page.width() < 300
    assert "the screen does not tell its size" in preview.says


def test_that_the_preview_shows_the_pixels_it_was_given(qtbot):
    preview = ExportPreview()
    qtbot.addWidget(preview)
    preview.resize(900, 500)
    preview.show()
    width = preview.pixel_width(100.0)
    preview.show_picture(picture(50, width), width_mm=100.0)
    image = preview._page.grab().toImage()
    left, right = image.pixelColor(5, 20), image.pixelColor(image.width() - 5, 20)
    assert (left.red(), left.green()) == (0, 255)
    assert (right.red(), right.green()) == (255, 255)


@pytest.mark.parametrize(
    ("typed", "name"),
    [("lines.pdf", "lines"), (" lines.CSV ", "lines"), ("epoch_6.pth", "epoch_6.pth"), ("a", "a")],
)
def test_that_an_ending_of_ours_is_not_part_of_the_name(typed, name):
    assert bare_name(typed) == name


@pytest.mark.parametrize("name", ["", "a/b", "a:b", ".hidden", "dot.", "x" * 200, "tab\tbed"])
def test_that_a_name_that_is_no_file_name_is_refused(tmp_path, name):
    assert look_at(tmp_path, name, PDF).problem


def test_that_a_folder_still_to_be_made_is_said(tmp_path):
    verdict = look_at(tmp_path / "new" / "folder", "lines", PDF)
    assert verdict.problem == ""
    assert verdict.makes_folder
    assert not look_at(tmp_path, "lines", PDF).makes_folder


def test_that_a_file_in_the_place_of_the_folder_is_a_problem(tmp_path):
    (tmp_path / "figures").touch()
    assert "not a folder" in look_at(tmp_path / "figures", "lines", PDF).problem


def test_that_a_folder_that_cannot_be_written_to_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert "cannot be written to" in look_at(tmp_path, "lines", PDF).problem


def test_that_only_the_chosen_format_counts_as_replaced(tmp_path):
    (tmp_path / "lines.svg").touch()
    assert look_at(tmp_path, "lines", PDF).replaced == ()
    assert look_at(tmp_path, "lines", FigureFormat.SVG).replaced == ("lines.svg",)


def test_that_a_picture_that_comes_late_has_the_width_it_was_drawn_for(dialog, qtbot):
    qtbot.waitSignal(dialog.request_changed).wait()
    field(dialog, QComboBox, "Width").setCurrentIndex(2)
    dialog.set_preview(picture(100, 200))
    assert "89 × 44 mm" in dialog.findChild(ExportPreview).says
