from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QPushButton

from inspector.views.banner import Banner, banner_colours
from inspector.views.icons import IconButton


def luminance(colour: QColor) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
        for c in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def window_palette(colour: str) -> QPalette:
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Window, QColor(colour))
    return palette


def test_that_a_banner_is_hidden_until_it_has_something_to_say(qtbot):
    banner = Banner()
    qtbot.addWidget(banner)
    assert banner.isHidden()
    assert banner.text == ""
    banner.show_message("2 tensors only in A.")
    assert not banner.isHidden()
    assert banner.text == "2 tensors only in A."


def test_that_a_banner_says_when_its_button_was_pressed_and_when_it_was_put_away(qtbot):
    banner = Banner()
    qtbot.addWidget(banner)
    banner.show_message("2 tensors only in A.", action="Details")
    with qtbot.waitSignal(banner.acted):
        qtbot.mouseClick(banner.findChild(QPushButton), Qt.MouseButton.LeftButton)
    assert not banner.isHidden()
    with qtbot.waitSignal(banner.closed):
        qtbot.keyClick(banner.findChild(IconButton), Qt.Key.Key_Space)
    assert banner.isHidden()


def test_that_a_banner_without_an_action_shows_no_button(qtbot):
    banner = Banner()
    qtbot.addWidget(banner)
    banner.show_message("One thing.", action="Details")
    banner.show_message("Another thing.")
    assert banner.findChild(QPushButton).isHidden()


def test_that_the_text_of_every_level_is_readable_on_light_and_dark_windows():
    for window in ("#ffffff", "#202020"):
        for level in ("note", "warning", "error"):
            fill, _, ink = banner_colours(window_palette(window), level)
            high, low = sorted((luminance(fill), luminance(ink)), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 5, (window, level)
