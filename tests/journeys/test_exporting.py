"""A figure with its numbers, from the window."""

import csv
import json
import shutil

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from inspector.core.address import Address
from inspector.core.figures import ExportRequest, FigureFormat, FigureKind, FigureStyle
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.export.compare_files import compare_files
from inspector.export.comparison_content import KINDS
from inspector.views.error_dialog import ErrorDialog


@pytest.fixture
def two(open_program, settled, checkpoints):
    program = open_program(checkpoints[0], checkpoints[2])
    settled(program)
    return program


def request(folder, **style) -> ExportRequest:
    return ExportRequest(FigureKind.HEAT_MAP, FigureStyle(**style), folder / "figure")


def test_that_ctrl_e_opens_the_dialog_and_a_preview_comes_by_itself(two, settled, qtbot):
    QTest.keyClick(two.window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    dialog = two.figures.dialog
    assert dialog.isVisible()
    with qtbot.waitSignal(two.exporting.previewed, timeout=20_000) as drawn:
        pass
    rows, columns, channels = drawn.args[0].shape
    assert channels == 4
    assert columns == dialog.preview_pixel_width
    assert rows > 50
    dialog.reject()
    assert two.figures.dialog is None


def test_that_a_figure_is_written_with_the_numbers_on_screen_its_provenance_and_a_script(
    two, settled, tmp_path
):
    QTest.keyClick(two.window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    two.figures.dialog.export_asked.emit(request(tmp_path / "new"))
    two.figures.dialog.accept()
    settled(two)
    written = {path.suffix for path in (tmp_path / "new").iterdir()}
    assert written == {".pdf", ".csv", ".npz", ".json", ".py"}
    record = json.loads((tmp_path / "new" / "figure.json").read_text())
    assert len(json.dumps(record).split("sha256")) == 3
    assert "--axis out" in json.dumps(record)
    shown = two.session.series.comparisons[0].blocks[1].matrices[0]
    with np.load(tmp_path / "new" / "figure.npz") as numbers:
        everything = np.concatenate(
            [np.ravel(numbers[n]) for n in numbers if numbers[n].dtype.kind == "f"]
        )
    mean = shown.summaries[Metric.RELATIVE_DISTANCE].mean
    assert np.isclose(everything, mean, rtol=1e-12).any()
    assert "Written to" in two.window.banner.text


def test_that_the_style_and_the_folder_of_the_last_figure_are_offered_again(two, settled, tmp_path):
    two.figures.open_dialog()
    two.figures.dialog.export_asked.emit(request(tmp_path, width_mm=89.0, format=FigureFormat.SVG))
    two.figures.dialog.accept()
    settled(two)
    two.figures.open_dialog()
    asked = two.figures.dialog.request
    assert (asked.style.width_mm, asked.style.format) == (89.0, FigureFormat.SVG)
    assert asked.base.parent == tmp_path
    two.figures.dialog.reject()
    settled(two)


def test_that_a_folder_that_cannot_be_made_gives_a_sentence(two, settled, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    two.exporting.export(request(blocked / "folder"))
    settled(two)
    [dialog] = two.window.findChildren(ErrorDialog)
    assert dialog.windowTitle() == "Could not write the figure"


def test_that_ctrl_shift_c_copies_the_figure_at_300_dots_per_inch(two, qtbot):
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    with qtbot.waitSignal(two.exporting.copied, timeout=20_000):
        QTest.keyClick(two.window, Qt.Key.Key_C, keys)
    image = QApplication.clipboard().image()
    assert image.width() == pytest.approx(183.0 / 25.4 * 300, abs=1)


@pytest.mark.parametrize(("then", "told"), [("replaced", "has changed"), ("gone", "no longer")])
def test_that_no_hash_vouches_for_a_file_that_is_another_one_than_was_compared(
    open_program, settled, checkpoints, tmp_path, then, told
):
    compared = tmp_path / "compared.safetensors"
    shutil.copy(checkpoints[1], compared)
    program = open_program(checkpoints[0], compared)
    settled(program)
    if then == "replaced":
        shutil.copy(checkpoints[2], tmp_path / "later")
        (tmp_path / "later").replace(compared)
    else:
        compared.unlink()
    program.exporting.export(request(tmp_path / "figures"))
    settled(program)
    (dialog,) = program.window.findChildren(ErrorDialog)
    assert told in " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert list((tmp_path / "figures").glob("*")) == []


def test_that_the_script_and_the_command_line_can_be_copied(two, tmp_path, checkpoints):
    two.figures.open_dialog()
    two.figures.dialog.copy_command_asked.emit(request(tmp_path))
    command = QApplication.clipboard().text()
    assert command.startswith("python -m inspector compare ")
    assert str(checkpoints[2]) in command
    two.figures.dialog.copy_script_asked.emit(request(tmp_path))
    compile(QApplication.clipboard().text(), "figure.py", "exec")
    two.figures.dialog.reject()


def test_that_the_window_and_the_command_line_give_the_same_numbers(two, tmp_path, checkpoints):
    compare_files([checkpoints[0], checkpoints[2]], tmp_path, device="cpu")
    with (tmp_path / "blocks.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    shown = two.session.series.comparisons[0]
    for row in rows:
        block = shown.by_address[Address(int(row["stage"]), int(row["block"]))]
        summary = block.matrix(Matrix(row["matrix"])).summaries[Metric(row["metric"])]
        told = (float(row["mean"]), float(row["median"]), float(row["std"]))
        assert told == (summary.mean, summary.median, summary.std)
    assert len(rows) == 3 * len(Matrix) * len(Metric)


def test_that_the_real_pair_opens_as_a_series_and_every_figure_can_be_drawn(
    open_program, settled, shared_data, tmp_path
):
    weights = shared_data / "weights"
    program = open_program(
        weights / "deit_tiny_patch16_224.fb_in1k", weights / "deit_tiny_pneumoniamnist"
    )
    settled(program)
    series = program.session.series
    assert [c.compared.label for c in series.comparisons] == ["epoch_3.pth", "epoch_6.pth"]
    assert all(len(c.blocks) == 12 for c in series.comparisons)
    assert set(program.exporting.kinds()) == set(KINDS)
    for kind in program.exporting.kinds():
        program.exporting.export(ExportRequest(kind, FigureStyle(), tmp_path / kind.value))
        settled(program)
    assert program.window.findChildren(ErrorDialog) == []
    assert {path.stem for path in tmp_path.glob("*.pdf")} == {kind.value for kind in KINDS}
