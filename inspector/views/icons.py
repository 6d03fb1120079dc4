"""Our own small icons, drawn in the colour of the text around them."""

from functools import cache
from importlib import resources

from PySide6.QtCore import QByteArray, QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QToolButton, QWidget

_RATIOS = (1.0, 2.0, 3.0)
_SIDE = 16


def icon(name: str, palette: QPalette, *, side: int = _SIDE) -> QIcon:
    """The icon `name`, `side` points wide, in the palette's text colours; sharp up to 300 %."""
    drawn = QIcon()
    groups = {
        QIcon.Mode.Normal: QPalette.ColorGroup.Active,
        QIcon.Mode.Disabled: QPalette.ColorGroup.Disabled,
    }
    for mode, group in groups.items():
        colour = palette.color(group, QPalette.ColorRole.WindowText)
        for ratio in _RATIOS:
            drawn.addPixmap(pixmap(name, colour, side=side, ratio=ratio), mode)
    return drawn


def pixmap(name: str, colour: QColor, *, side: int = _SIDE, ratio: float = 1.0) -> QPixmap:
    """A square picture `side` points wide at `ratio` device pixels a point.

    Everything in the file that is drawn in ``currentColor`` gets `colour`.
    """
    source = _source(name).replace(b"currentColor", colour.name().encode())
    drawn = QPixmap(round(side * ratio), round(side * ratio))
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    QSvgRenderer(QByteArray(source)).render(painter, QRectF(drawn.rect()))
    painter.end()
    drawn.setDevicePixelRatio(ratio)
    return drawn


def application_icon() -> QIcon:
    """The program's icon, at the sizes that window systems ask for."""
    drawn = QIcon()
    for side in (16, 24, 32, 48, 64, 128, 256):
        drawn.addPixmap(pixmap("vit-inspector", QColor("black"), side=side))
    return drawn


class IconButton(QToolButton):
    """A flat button that is only an icon: `says` is its tooltip and accessible name."""

    def __init__(self, name: str, says: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.setAutoRaise(True)
        self.setIconSize(QSize(_SIDE, _SIDE))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip(says)
        self.setAccessibleName(says)
        self._draw()

    def show_as(self, name: str, says: str) -> None:
        """Become another button: its icon, its tooltip and accessible name."""
        if name == self._name:
            return
        self._name = name
        self.setToolTip(says)
        self.setAccessibleName(says)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Draw the icon again in the new colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def _draw(self) -> None:
        self.setIcon(icon(self._name, self.palette()))


@cache
def _source(name: str) -> bytes:
    return (resources.files("resources") / "icons" / f"{name}.svg").read_bytes()
