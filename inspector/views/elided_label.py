"""One line of text that gives way in the middle, or at the end, when there is no room."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QFrame, QSizePolicy, QStyle, QStyleOption, QWidget

Elide = Qt.TextElideMode


class ElidedLabel(QFrame):
    """Shows `text` on one line; what does not fit is replaced by an ellipsis.

    The whole text is the tooltip whenever it is cut, unless another tooltip was set. One that
    `fills` takes the room that is left, whatever its text: another text then leaves the layout of
    the whole window as it is.
    """

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        *,
        elide: Elide = Elide.ElideRight,
        role: QPalette.ColorRole = QPalette.ColorRole.WindowText,
        align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
        fills: bool = False,
    ) -> None:
        super().__init__(parent)
        self._text = ""
        self._own_tip = ""
        self._elide = elide
        self._role = role
        self._align = align
        self._fills = fills
        wide = QSizePolicy.Policy.Ignored if fills else QSizePolicy.Policy.Preferred
        self.setSizePolicy(wide, QSizePolicy.Policy.Fixed)
        self.setText(text)

    def text(self) -> str:
        """The whole text."""
        return self._text

    def setText(self, text: str) -> None:
        """Replace the text."""
        if text == self._text:
            return
        self._text = text
        self.setAccessibleName(text)
        if not self._fills:
            self.updateGeometry()
        self.update()

    def set_tip(self, tip: str) -> None:
        """Show this tooltip whether or not the text is cut."""
        self._own_tip = tip
        self.setToolTip(tip)

    def shown_text(self) -> str:
        """What is painted at the present width."""
        return self._metrics().elidedText(self._text, self._elide, self.contentsRect().width())

    def sizeHint(self) -> QSize:
        """Room for the whole text."""
        metrics = self._metrics()
        return QSize(metrics.horizontalAdvance(self._text) + 2, metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        """Room for a few letters."""
        metrics = self._metrics()
        return QSize(metrics.averageCharWidth() * 4, metrics.height() + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint as much of the text as fits."""
        option = QStyleOption()
        option.initFrom(self)
        shown = self.shown_text()
        self.setToolTip(self._own_tip or (self._text if shown != self._text else ""))
        painter = QPainter(self)
        flags = self._align | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
        enabled = bool(option.state & QStyle.StateFlag.State_Enabled)
        self.style().drawItemText(
            painter, self.contentsRect(), int(flags), option.palette, enabled, shown, self._role
        )
        painter.end()

    def _metrics(self) -> QFontMetrics:
        return QFontMetrics(self.font())
