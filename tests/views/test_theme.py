import pytest
from PySide6.QtGui import QColor, QPalette

from inspector.core.outline import Matrix
from inspector.views.theme import DARK, LIGHT, theme_of


def palette_of(window: str, text: str) -> QPalette:
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Window, QColor(window))
    palette.setColor(QPalette.ColorRole.WindowText, QColor(text))
    return palette


def contrast(ink: str, surface: str) -> float:
    """Contrast ratio as WCAG 2 defines it."""

    def luminance(name: str) -> float:
        colour = QColor(name)
        linear = [
            part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
            for part in (colour.redF(), colour.greenF(), colour.blueF())
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(ink), luminance(surface)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_that_the_theme_follows_the_palette(qapp):
    assert theme_of(palette_of("#f0f0f0", "#000000")) is LIGHT
    assert theme_of(palette_of("#202020", "#ffffff")) is DARK


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_that_text_can_be_read_and_marks_be_seen(theme):
    assert contrast(theme.text, theme.surface) >= 7
    assert contrast(theme.muted, theme.surface) >= 4.5
    assert contrast(theme.accent, theme.surface) >= 4.5
    assert contrast(theme.separator, theme.surface) >= 3


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_that_query_key_and_value_have_three_colours(theme):
    assert len({theme.line(matrix).name() for matrix in Matrix}) == 3
    assert len({theme.tint(matrix).name() for matrix in Matrix}) == 3
