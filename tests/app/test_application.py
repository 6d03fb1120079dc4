import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QCheckBox, QRadioButton, QVBoxLayout, QWidget

from inspector.app.accelerator_hint import may_have_accelerator
from inspector.app.application import apply_theme, palette_of

MAIN = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QTimer, QUrl
from PySide6.QtGui import QFileOpenEvent
from inspector.app import application, main

class Hasty(application.Application):
    def exec(self):
        for path in sys.argv[1:]:
            QCoreApplication.postEvent(self, QFileOpenEvent(QUrl.fromLocalFile(path)))
        QTimer.singleShot(1500, self.closeAllWindows)
        return super().exec()

application.Application = Hasty
sys.exit(main.main([]))
"""


def test_that_main_opens_what_the_desktop_hands_over_and_ends_with_zero(
    repository, tmp_path, checkpoint_pair
):
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *map(str, checkpoint_pair)],
        cwd=repository,
        env={
            "PATH": "/usr/bin:/bin",
            "VIT_INSPECTOR_HOME": str(tmp_path),
            "QT_QPA_PLATFORM": "offscreen",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    saved = (tmp_path / "state" / "session.json").read_text()
    assert all(path.name in saved for path in checkpoint_pair)
    assert (tmp_path / "config" / "settings.json").exists()


@pytest.fixture
def checkpoint_pair(tmp_path) -> list[Path]:
    from tests.tiny_models import vit_weights, write_safetensors

    return [
        write_safetensors(tmp_path / f"{name}.safetensors", vit_weights(depth=1, change=change))
        for name, change in (("before", 0.0), ("after", 0.1))
    ]


def luminance(colour: QColor) -> float:
    """Relative luminance of WCAG 2.2."""
    parts = [colour.redF(), colour.greenF(), colour.blueF()]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(palette: QPalette, ink: QPalette.ColorRole, paper: QPalette.ColorRole) -> float:
    dark, light = sorted(luminance(palette.color(role)) for role in (ink, paper))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ("WindowText", "Window"),
        ("Text", "Base"),
        ("Text", "AlternateBase"),
        ("ButtonText", "Button"),
        ("PlaceholderText", "Window"),
        ("PlaceholderText", "Base"),
        ("ToolTipText", "ToolTipBase"),
    ],
)
def test_that_every_text_of_both_themes_can_be_read(qapp, theme, ink, paper):
    """4.5 : 1 is what WCAG 2.2 asks of small text."""
    role = QPalette.ColorRole
    assert contrast(palette_of(theme), getattr(role, ink), getattr(role, paper)) >= 4.5


@pytest.fixture
def themed(qapp):
    """Applies a theme; afterwards everything follows the system again."""
    yield lambda theme: apply_theme(qapp, theme)
    apply_theme(qapp, "system")


@pytest.mark.parametrize("kind", [QCheckBox, QRadioButton])
def test_that_what_is_off_has_an_outline_in_the_dark(qtbot, qapp, themed, kind):
    """3 : 1 is what WCAG 2.2 asks of the outline of a control."""
    style = qapp.style().name()
    qapp.setStyle("Fusion")
    themed("dark")
    page = QWidget()
    qtbot.addWidget(page)
    control = kind()
    control.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    QVBoxLayout(page).addWidget(control)
    page.show()
    picture = page.grab().toImage()
    paper = luminance(palette_of("dark").color(QPalette.ColorRole.Window))
    lightest = max(
        luminance(picture.pixelColor(x, y))
        for x in range(picture.width())
        for y in range(picture.height())
    )
    qapp.setStyle(style)
    assert (lightest + 0.05) / (paper + 0.05) >= 3


def test_that_what_is_off_is_drawn_as_ever_in_the_light(qapp, themed):
    themed("dark")
    themed("light")
    assert qapp.palette("QCheckBox") == qapp.palette()


def test_that_looking_for_a_driver_imports_no_torch():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from inspector.app.accelerator_hint import may_have_accelerator; "
            "may_have_accelerator(); print('torch' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
    assert isinstance(may_have_accelerator(), bool)
