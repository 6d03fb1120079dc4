import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel

from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.core.selection import Selection
from inspector.views.options_panel import OptionsPanel
from inspector.views.shown import ViewOptions
from tests.synthetic import series


@pytest.fixture
def panel(qtbot):
    panel = OptionsPanel()
    qtbot.addWidget(panel)
    panel.show_series(series(3))
    panel.set_devices(["auto", "cpu"], "cpu")
    panel.resize(224, 700)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def choose(qtbot, box: QComboBox, text: str) -> None:
    box.setFocus()
    box.setCurrentIndex(box.findText(text))
    box.activated.emit(box.currentIndex())


def controls(panel) -> list:
    found = [*panel.findChildren(QComboBox), *panel.findChildren(QCheckBox)]
    return [control for control in found if control.isVisibleTo(panel)]


def test_that_there_are_at_most_eight_controls_with_names_and_focus(panel):
    assert 1 <= len(controls(panel)) <= 8
    for control in controls(panel):
        assert control.accessibleName()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_that_every_list_has_a_label_with_its_own_mnemonic(panel):
    labels = [label for label in panel.findChildren(QLabel) if label.buddy() is not None]
    assert {label.buddy() for label in labels} == set(panel.findChildren(QComboBox))
    texts = [label.text() for label in labels] + [panel.spread_choice.text()]
    letters = [text.split("&")[1][0].lower() for text in texts]
    assert sorted(letters) == sorted("mdowulsp")


def test_that_the_metric_is_explained(qtbot, panel):
    with qtbot.waitSignal(panel.selection_changed) as caught:
        choose(qtbot, panel.metric_choice, "Norm ratio")
    assert caught.args == [Selection(metric=Metric.NORM_RATIO)]
    assert Metric.NORM_RATIO.about.formula in panel.about.text()
    assert Metric.NORM_RATIO.about.meaning in panel.about.text()


def test_that_a_compared_model_can_be_chosen(qtbot, panel):
    with qtbot.waitSignal(panel.selection_changed) as caught:
        choose(qtbot, panel.compared_choice, "epoch_3.pth")
    assert caught.args[0].compared == 2


def test_that_one_compared_model_leaves_no_choice_between_models(panel):
    panel.show_series(series(1))
    for control in (panel.compared_choice, panel.limits_choice, panel.lines_choice):
        assert control.isHidden()


def test_that_the_heads_of_a_matrix_can_be_the_rows(qtbot, panel):
    seen = []
    panel.selection_changed.connect(seen.append)
    panel.options_changed.connect(seen.append)
    choose(qtbot, panel.rows_choice, "Heads of value")
    assert seen == [Selection(matrix=Matrix.V), ViewOptions(rows="heads")]


def test_that_the_shown_rows_follow_the_selected_matrix(panel):
    panel.show_options(ViewOptions(rows="heads"))
    panel.show_selection(Selection(matrix=Matrix.K))
    assert panel.rows_choice.currentText() == "Heads of key"


def test_that_limits_lines_and_band_are_options(qtbot, panel):
    with qtbot.waitSignal(panel.options_changed) as caught:
        choose(qtbot, panel.limits_choice, "This model's own")
    assert caught.args == [ViewOptions(shared_limits=False)]
    with qtbot.waitSignal(panel.options_changed) as caught:
        qtbot.keyClick(panel.spread_choice, Qt.Key.Key_Space)
    assert caught.args == [ViewOptions(shared_limits=False, spread=False)]
    with qtbot.waitSignal(panel.options_changed) as caught:
        choose(qtbot, panel.lines_choice, "One for each model")
    assert caught.args[0].lines == "series"
    assert not panel.spread_choice.isEnabled()


def test_that_axis_and_device_are_asked_for(qtbot, panel):
    with qtbot.waitSignal(panel.axis_chosen) as caught:
        choose(qtbot, panel.axis_choice, "Columns: input features")
    assert caught.args == ["in"]
    with qtbot.waitSignal(panel.device_chosen) as caught:
        choose(qtbot, panel.device_choice, "Automatic")
    assert caught.args == ["auto"]


def test_that_setters_emit_nothing(qtbot, panel):
    seen = []
    panel.selection_changed.connect(seen.append)
    panel.options_changed.connect(seen.append)
    panel.axis_chosen.connect(seen.append)
    panel.device_chosen.connect(seen.append)
    panel.show_series(series(2))
    panel.show_selection(Selection(metric=Metric.DOT, compared=1, matrix=Matrix.V))
    panel.show_options(ViewOptions("heads", "series", False, False))
    panel.set_devices(["auto"], "auto")
    assert seen == []
    assert panel.compared_choice.currentText() == "epoch_2.pth"
