"""Two checkpoints are dropped, and looked at."""

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from inspector.core.address import Address
from inspector.core.metrics import Metric
from tests.tiny_models import vit_weights


@pytest.fixture
def two(open_program, settled, checkpoints):
    program = open_program(checkpoints[0], checkpoints[2])
    settled(program)
    return program


def drop_on(window, paths) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton)
    where = QPointF(400, 300)
    entering = QDragEnterEvent(where.toPoint(), *how, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, entering)
    assert entering.isAccepted()
    QApplication.sendEvent(window, QDropEvent(where, *how, Qt.KeyboardModifier.NoModifier))


def press(window, key, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(window, key, modifiers)
    QApplication.processEvents()


def test_that_two_dropped_checkpoints_are_opened_as_a_and_b_and_compared_by_themselves(
    program, settled, checkpoints
):
    assert program.window.welcome.isVisible()
    drop_on(program.window, [checkpoints[0], checkpoints[2]])
    settled(program)
    window, series = program.window, program.session.series
    assert [m.card.label for m in program.session.models] == [
        "pretrained.safetensors",
        "epoch_2.safetensors",
    ]
    assert series.complete
    assert len(series.comparisons[0].blocks) == 3
    assert program.session.patterns is not None
    assert window.compare.isVisible()
    assert window.tree.isVisible()
    assert window.options.isVisible()
    assert not window.welcome.isVisible()
    assert "epoch_2" in window.compare.title.text()
    assert window.jobs.text == "Ready · CPU, float64"


def test_that_what_a_drop_will_do_is_said_while_the_files_are_held(program, checkpoints):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in checkpoints[:2]])
    entering = QDragEnterEvent(
        QPointF(9, 9).toPoint(),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(program.window, entering)
    highlight = program.window.highlight
    assert highlight.text == "Open as A and B"
    assert highlight.isVisible()
    assert highlight.geometry() == program.window.rect()


def test_that_the_value_under_the_mouse_is_the_mean_of_the_weights_themselves(two, qtbot):
    """From the files' own numbers: mean over rows of Q of block 1 of |a - b| / |a|."""
    a, b = (
        vit_weights(change=change)["blocks.1.attn.qkv.weight"][:24].astype(np.float64)
        for change in (0.0, 0.1)
    )
    wanted = float((np.linalg.norm(a - b, axis=1) / np.linalg.norm(a, axis=1)).mean())
    frame, plot = two.window.compare.heat_map.frame, two.window.compare.heat_map._plot

    def read_out_is_there() -> bool:
        """A hand that rests on the mouse is never quite still."""
        for inside in (0.9, 1.1):
            scene = plot.getViewBox().mapViewToScene(QPointF(inside, 0.0))
            QTest.mouseMove(frame.viewport(), frame.mapFromScene(scene))
        return "Query" in two.window.read_out.text()

    qtbot.waitUntil(read_out_is_there)
    said = two.window.read_out.text()
    assert said.startswith("S0 B1")
    assert f"{wanted:.6g}"[:7] in said


def test_that_ctrl_and_a_number_choose_the_metric_everywhere(two, qtbot):
    press(two.window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert two.session.selection.metric is Metric.EUCLIDEAN
    qtbot.waitUntil(lambda: "euclidean" in two.window.compare.title.text().lower())
    assert two.window.options.metric_choice.currentData() == Metric.EUCLIDEAN
    assert two.window.commands[f"metric_{Metric.EUCLIDEAN}"].isChecked()


def test_that_the_metric_chosen_on_the_right_is_shown_by_all(two, qtbot):
    box = two.window.options.metric_choice
    box.setCurrentIndex(box.findData(Metric.MSE))
    box.activated.emit(box.currentIndex())
    assert two.session.selection.metric is Metric.MSE
    qtbot.waitUntil(lambda: "mean squared error" in two.window.compare.title.text().lower())
    assert two.window.commands[f"metric_{Metric.MSE}"].isChecked()


def test_that_page_down_and_brackets_step_through_blocks_and_heads(two):
    press(two.window, Qt.Key.Key_PageDown)
    press(two.window, Qt.Key.Key_PageDown)
    assert two.session.selection.address == Address(0, 2)
    press(two.window, Qt.Key.Key_PageUp)
    press(two.window, Qt.Key.Key_BracketRight)
    assert two.session.selection.address == Address(0, 1, 0)
    press(two.window, Qt.Key.Key_BracketLeft)
    assert two.session.selection.address == Address(0, 1)


def test_that_brackets_can_be_typed_into_the_search_line(two):
    press(two.window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    line = QApplication.focusWidget()
    QTest.keyClicks(line, "b[1]")
    assert line.text() == "b[1]"
    assert two.session.selection.address == Address(0, 0)


def test_that_jumping_in_the_search_line_moves_the_one_selection(two, qtbot):
    press(two.window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    line = QApplication.focusWidget()
    QTest.keyClicks(line, "b2.h0")
    QTest.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: two.session.selection.address == Address(0, 2, 0))


def test_that_the_other_axis_is_computed_when_it_is_chosen(two, settled):
    two.window.commands["axis_in"].trigger()
    settled(two)
    assert two.session.series.axis == "in"
    assert two.session.series.complete
    assert two.window.options.axis_choice.currentData() == "in"


def test_that_swapping_makes_b_the_reference_and_compares_again(two, settled):
    two.window.commands["swap"].trigger()
    settled(two)
    assert two.session.series.reference.label == "epoch_2.safetensors"
    assert two.session.series.complete


def test_that_closing_all_leads_back_to_the_first_page(two, settled):
    press(two.window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    settled(two)
    assert two.session.models == ()
    assert two.window.welcome.isVisible()
    assert not two.window.tree.isVisible()


def test_that_the_samples_open_and_are_looked_at_where_they_changed_most(open_program, settled):
    program = open_program("--samples")
    settled(program)
    comparison = program.session.series.comparisons[0]
    assert comparison.depth == 24
    assert comparison.frozen
    assert program.session.selection.address not in comparison.frozen
