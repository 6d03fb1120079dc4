import pytest
from PySide6.QtGui import QColor, QPalette

from inspector.app.application import palette_of
from inspector.views.down_button import DownButton


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_that_a_button_that_is_down_is_told_from_one_that_is_not(qtbot, theme):
    edges = []
    for down in (False, True):
        button = DownButton()
        qtbot.addWidget(button)
        button.setPalette(palette_of(theme))
        button.setCheckable(True)
        button.setChecked(down)
        button.resize(60, 24)
        edges.append(button.grab().toImage().pixelColor(30, 21))
    plain, marked = edges
    accent = palette_of(theme).color(QPalette.ColorRole.Highlight)
    assert marked.name() == accent.name()
    assert plain.name() != accent.name()
    assert _distance(plain, marked) > 60


def _distance(one: QColor, other: QColor) -> int:
    return max(
        abs(one.red() - other.red()),
        abs(one.green() - other.green()),
        abs(one.blue() - other.blue()),
    )
