import pytest
from PySide6.QtCore import QPoint, Qt

from inspector.views.series_bar import SeriesBar
from tests.synthetic import series


@pytest.fixture
def bar(qtbot):
    bar = SeriesBar()
    qtbot.addWidget(bar)
    bar.resize(700, 40)
    bar.show_series(series(5), 1)
    with qtbot.waitExposed(bar):
        bar.show()
    return bar


def test_that_one_compared_model_needs_no_slider(qtbot):
    bar = SeriesBar()
    qtbot.addWidget(bar)
    bar.show_series(series(1), 0)
    assert bar.isHidden()
    bar.show_series(series(2), 0)
    assert not bar.isHidden()
    bar.show_series(None, 0)
    assert bar.isHidden()


def test_that_the_current_model_is_named_and_counted(bar):
    assert "epoch_2.pth" in bar.name.text()
    assert "2 of 5" in bar.name.text()


@pytest.mark.parametrize(
    ("key", "expected"),
    [(Qt.Key.Key_Right, 2), (Qt.Key.Key_Left, 0), (Qt.Key.Key_End, 4), (Qt.Key.Key_Home, 0)],
)
def test_that_the_keyboard_moves_it(qtbot, bar, key, expected):
    with qtbot.waitSignal(bar.chosen) as caught:
        qtbot.keyClick(bar.slider, key)
    assert caught.args == [expected]
    assert f"epoch_{expected + 1}.pth" in bar.name.text()


def test_that_a_click_on_a_name_chooses_it(qtbot, bar):
    place = QPoint(bar.labels.place_of(3), bar.labels.height() // 2)
    with qtbot.waitSignal(bar.chosen) as caught:
        qtbot.mouseClick(bar.labels, Qt.MouseButton.LeftButton, pos=place)
    assert caught.args == [3]


def test_that_showing_emits_nothing(qtbot, bar):
    with qtbot.assertNotEmitted(bar.chosen):
        bar.show_series(series(3), 2)
