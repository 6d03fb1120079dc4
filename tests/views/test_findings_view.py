import numpy as np
import pytest
from PySide6.QtCore import Qt

from inspector.core.address import Address
from inspector.core.comparison import Drop, Finding, Pattern, Patterns
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.core.selection import Selection
from inspector.views.findings_view import FindingsView
from inspector.views.shown import Shown
from tests.synthetic import series

HERE = Address(2, 7)
LEADING = Finding("The heads differ.", 2.0, HERE, Matrix.K, Metric.COSINE_DISTANCE)
WHOLE = Finding("Stage 0 is frozen.", 3.0)


def pattern(matrix: Matrix, metric: Metric) -> Pattern:
    drop = Drop(12, 0.02, -0.134, 2.5)
    return Pattern(HERE, matrix, metric, np.arange(3.0), 0.25, 0.003, drop, drop, (16, 60))


@pytest.fixture
def patterns() -> Patterns:
    found = {(HERE, m, k): pattern(m, k) for m in Matrix for k in (Metric.MSE, Metric.DOT)}
    return Patterns(found, (LEADING, WHOLE))


@pytest.fixture
def view(qtbot):
    view = FindingsView()
    qtbot.addWidget(view)
    view.resize(780, 380)
    with qtbot.waitExposed(view):
        view.show()
    return view


def test_that_the_weightiest_finding_comes_first(view, patterns):
    view.draw(Shown(series(1), patterns))
    texts = [view.model.index(row).data() for row in range(view.model.rowCount())]
    assert texts == [WHOLE.sentence, LEADING.sentence]


def test_that_a_click_on_a_finding_leads_to_its_place(qtbot, view, patterns):
    view.draw(Shown(series(1), patterns, Selection(vector=3, compared=0)))
    place = view.list.visualRect(view.model.index(1)).center()
    with qtbot.waitSignal(view.selected) as caught:
        qtbot.mouseClick(view.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert caught.args == [Selection(HERE, Matrix.K, Metric.COSINE_DISTANCE)]


def test_that_a_finding_about_the_whole_keeps_the_place(qtbot, view, patterns):
    chosen = Selection(Address(1, 1), Matrix.V, Metric.MSE)
    view.draw(Shown(series(1), patterns, chosen))
    view.list.setCurrentIndex(view.model.index(0))
    with qtbot.waitSignal(view.selected) as caught:
        qtbot.keyClick(view.list, Qt.Key.Key_Return)
    assert caught.args == [chosen]


def test_that_the_numbers_of_the_block_are_those_of_its_pattern(view, patterns):
    view.draw(Shown(series(1), patterns, Selection(HERE, metric=Metric.MSE)))
    cells = [view.numbers.index(1, column).data() for column in range(8)]
    expected = ["Key", "0.250", "0.00300", "−13.4 %", "2.50", "−13.4 %", "2.50", "16, 60"]
    assert cells == expected


def test_that_a_block_without_patterns_shows_no_numbers(view, patterns):
    view.draw(Shown(series(1), patterns, Selection(Address(0, 0), metric=Metric.MSE)))
    assert view.table.isHidden()
    view.draw(Shown(series(1), patterns, Selection(HERE, metric=Metric.MSE)))
    assert not view.table.isHidden()


def test_that_what_is_still_computed_is_said(view):
    view.draw(Shown(series(1)))
    assert "being looked for" in view.caption.text()
    view.draw(Shown(series(1), Patterns()))
    assert view.caption.text() == "Nothing stands out"
